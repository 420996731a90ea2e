import { useState } from 'preact/hooks';
import type { Live } from '../../../src/control/live.js';
import type { Why } from '../../../src/control/why.js';
import { bytes, milliseconds, moment } from '../pure/format.js';
import { signalNames, type Signal } from '../pure/strength.js';
import { PairView } from './pair-view.js';

/** An exchange that shows what was wrong; CONCURRENT makes pairs of answers. */
type Example = Why['examples'][Signal][number];

/** Examples of what speaks against the version, by signal. */
export function Evidence({ live }: { readonly live: Live }) {
  const { upgrade } = live;
  const [chosen, setChosen] = useState<Signal>();
  const why = upgrade?.why;
  if (upgrade === undefined || why === undefined) return null;
  const signals = (Object.keys(signalNames) as Signal[]).filter(
    signal => why.examples[signal].length > 0,
  );
  const first = why.signal !== undefined && signals.includes(why.signal) ? why.signal : signals[0];
  const shown = chosen !== undefined && signals.includes(chosen) ? chosen : first;
  return (
    <section aria-labelledby="evidence-title">
      <h2 id="evidence-title">Evidence</h2>
      {shown === undefined ? (
        <p class="card nothing">
          No examples against version {upgrade.version}. Requests that it fails, and answers that
          differ from the older version’s, are kept here, without secrets.
        </p>
      ) : (
        <div class="card">
          <div class="choice" role="group" aria-label="Examples by signal">
            {signals.map(signal => (
              <button
                key={signal}
                type="button"
                aria-pressed={signal === shown}
                onClick={() => setChosen(signal)}
              >
                {signalNames[signal]} ({why.examples[signal].length})
              </button>
            ))}
          </div>
          <ol class="examples" aria-label={`${signalNames[shown]}: examples`}>
            {why.examples[shown].toSorted(pairsFirst).map(example => (
              <li key={`${example.at}-${example.target}-${example.server}`}>
                <ExampleView
                  example={example}
                  now={Date.parse(live.at)}
                  names={{ newer: upgrade.version, older: upgrade.stable?.version ?? 'older' }}
                />
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}

/** They tell more; otherwise the newest are first. */
const pairsFirst = (a: Example, b: Example): number =>
  Number(b.pair !== undefined) - Number(a.pair !== undefined);

interface Props {
  readonly example: Example;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly names: { readonly newer: string; readonly older: string };
}

function ExampleView({ example, now, names }: Props) {
  const { pair } = example;
  if (pair === undefined) {
    return (
      <div class="example">
        <ExampleLine example={example} now={now} />
      </div>
    );
  }
  return (
    <details class="example">
      <summary>
        <ExampleLine example={example} now={now} />
        <span class="where">
          differs in{' '}
          {pair.where.map(place => (
            <code key={place}>{place}</code>
          ))}
        </span>
      </summary>
      <PairView pair={pair} names={names} />
    </details>
  );
}

function ExampleLine({ example, now }: Pick<Props, 'example' | 'now'>) {
  const { at, method, target, status, code, delay, bytes: size, server, attempt } = example;
  return (
    <span class="example-line">
      <time>{moment(at, now)}</time>
      <code class="request">
        {method} {target}
      </code>
      <span class="answer">
        <strong>{status ?? code ?? 'no answer'}</strong> after {milliseconds(delay)}
        {size !== undefined && `, ${bytes(size)}`}
        {attempt > 1 && `, attempt ${String(attempt)}`}
      </span>
      <span class="server">{server}</span>
    </span>
  );
}
