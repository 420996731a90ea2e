import { useState } from 'preact/hooks';
import type { Live, LiveVersion } from '../../../src/control/live.js';
import { act } from '../live/act.js';
import { hintOf, possibleVerbs, questionOf, type Question, type Verb } from '../pure/possible.js';
import { Confirmation } from './confirmation.js';
import { Icon } from './icon.js';

interface Props {
  readonly version: LiveVersion;
  readonly live: Live;
}

interface Asked {
  readonly verb: Verb;
  readonly question: Question;
}

/** What can be done to a version now; what cannot be undone is asked first. */
export function Verbs({ version, live }: Props) {
  const [asked, setAsked] = useState<Asked>();
  const [busy, setBusy] = useState<Verb>();
  const [error, setError] = useState<string>();
  const verbs = possibleVerbs(version, live);
  const hint = hintOf(version, live);

  async function run(verb: Verb): Promise<void> {
    setBusy(verb);
    setError(undefined);
    const acted = await act(verb, version.id);
    setBusy(undefined);
    if (acted.ok) setAsked(undefined);
    else setError(acted.error);
  }

  function pressed(verb: Verb): void {
    setError(undefined);
    const question = questionOf(verb, version, live);
    if (question === undefined) void run(verb);
    else setAsked({ verb, question });
  }

  if (verbs.length === 0 && hint === undefined) return null;
  return (
    <div class="verbs">
      {verbs.length > 0 && (
        <div role="group" aria-label={`What can be done with ${version.version}`}>
          {verbs.map(verb => (
            <button
              key={verb}
              type="button"
              class={`verb verb-${verb}`}
              aria-label={`${labels[verb]} ${version.version}`}
              disabled={busy !== undefined}
              onClick={() => pressed(verb)}
            >
              <Icon name={verb} /> {labels[verb]}
            </button>
          ))}
        </div>
      )}
      {hint !== undefined && <p class="hint">{hint}</p>}
      {error !== undefined && asked === undefined && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      {asked !== undefined && (
        <Confirmation
          question={asked.question}
          isBusy={busy !== undefined}
          error={error}
          onConfirm={() => void run(asked.verb)}
          onCancel={() => setAsked(undefined)}
        />
      )}
    </div>
  );
}

const labels: Readonly<Record<Verb, string>> = {
  promote: 'Promote',
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Abort',
  remove: 'Remove',
};
