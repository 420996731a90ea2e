import type { Live } from '../../../src/control/live.js';
import { percent } from '../pure/format.js';
import { Teaching } from './teaching.js';
import { VersionCard } from './version-card.js';

/** The versions, newest first, and above them how today's traffic is divided. */
export function Versions({ live }: { readonly live: Live }) {
  return (
    <section aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      <Division live={live} />
      <ol class="versions" aria-label="Newest first">
        {live.versions.map(version => (
          <li key={version.id}>
            <VersionCard version={version} live={live} />
          </li>
        ))}
      </ol>
      {live.versions.length === 1 && live.upgrade === undefined && <Teaching />}
    </section>
  );
}

function Division({ live }: { readonly live: Live }) {
  const shares = live.versions.filter(({ share }) => (share ?? 0) > 0);
  if (shares.length === 0) {
    return (
      <p class="division-none">
        No requests in the last ten seconds. Clients connect to the address of <code>proxy</code> in
        the configuration.
      </p>
    );
  }
  const text = shares.map(({ version, share = 0 }) => `${version}: ${percent(share)}`).join(', ');
  return (
    <div class="division" role="img" aria-label={`Requests of the last ten seconds: ${text}`}>
      {shares.map(({ id, version, share = 0 }) => (
        <span key={id} class={toneOf(live, id)} style={{ flexGrow: share }}>
          {share >= 8 && `${version} · ${percent(share)}`}
        </span>
      ))}
    </div>
  );
}

/** Of the version that users move to, the one that it is compared with, and others. */
export function toneOf({ upgrade, versions }: Live, id: string): 'newer' | 'stable' | 'other' {
  if (upgrade === undefined) return versions.length === 1 ? 'stable' : 'other';
  if (upgrade.id === id) return 'newer';
  return upgrade.stable?.id === id ? 'stable' : 'other';
}
