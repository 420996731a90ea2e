import type { Live } from '../../../src/control/live.js';
import { storyOf } from '../pure/sentence.js';
import { Icon } from './icon.js';

/** What is going on, in two sentences, before any number. */
export function Story({ live }: { readonly live: Live }) {
  const { kind, headline, because } = storyOf(live);
  return (
    <section class={`story is-${kind}`} aria-label="What is going on">
      <Icon name={kind} />
      <div>
        <p class="headline">{headline}</p>
        <p class="because">{because}</p>
      </div>
    </section>
  );
}
