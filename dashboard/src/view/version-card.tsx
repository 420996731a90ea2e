import type { Live, LiveVersion } from '../../../src/control/live.js';
import { count, counted, milliseconds, percent, rate, span } from '../pure/format.js';
import { strategyOf } from '../pure/strategy.js';
import { Icon } from './icon.js';
import { Verbs } from './verbs.js';
import { toneOf } from './versions.js';

interface Props {
  readonly version: LiveVersion;
  readonly live: Live;
}

export function VersionCard({ version, live }: Props) {
  const { id, share, progress, state, because } = version;
  const title = `version-${id}`;
  return (
    <article class={`card version is-${state} tone-${toneOf(live, id)}`} aria-labelledby={title}>
      <header>
        <h3 id={title}>{version.version}</h3>
        <span class={`state state-${state}`}>{state}</span>
        <Verdict version={version} />
      </header>
      <p class="strategy">{strategyOf(version.upgradeTransition)}</p>
      <Bar label="Share of requests" value={share} />
      {progress !== undefined && <Bar label="Share of new sessions" value={progress} />}
      {because !== undefined && <p class="reason">{because}</p>}
      <Numbers version={version} />
      <Servers version={version} />
      <Verbs version={version} live={live} />
    </article>
  );
}

function Verdict({ version: { verdict, exchanges } }: { readonly version: LiveVersion }) {
  if (verdict === undefined) return null;
  return (
    <span class={`verdict verdict-${verdict}`}>
      <Icon name={verdict} /> {verdict}
      {exchanges !== undefined && <small> of {counted(exchanges, 'exchange')}</small>}
    </span>
  );
}

/** `value`: percent; undefined: there were no requests. */
function Bar({ label, value }: { readonly label: string; readonly value: number | undefined }) {
  return (
    <div class="bar">
      <span class="bar-label">{label}</span>
      <div class="bar-track" aria-hidden="true">
        <div class="bar-fill" style={{ width: `${value ?? 0}%` }} />
      </div>
      <span class="bar-value">{value === undefined ? 'no requests' : percent(value)}</span>
    </div>
  );
}

function Numbers({ version }: { readonly version: LiveVersion }) {
  const { requests, failures, rescues, delay, sessions } = version;
  return (
    <dl class="numbers">
      <Number name="requests" value={rate(requests)} />
      <Number name="failures" value={rate(failures)} isBad={failures > 0} />
      <Number name="rescues" value={rate(rescues)} />
      <Number name="p50" value={delay === undefined ? '–' : milliseconds(delay.p50)} />
      <Number name="p99" value={delay === undefined ? '–' : milliseconds(delay.p99)} />
      <Number
        name="sessions"
        value={
          sessions === undefined ? '–' : `${sessions.isExact ? '' : '≈ '}${count(sessions.count)}`
        }
        {...(sessions !== undefined &&
          sessions.count > 0 && {
            title: `the last one ends in ${span(sessions.endIn)} at the latest`,
          })}
      />
    </dl>
  );
}

interface NumberProps {
  readonly name: string;
  readonly value: string;
  readonly isBad?: boolean;
  readonly title?: string;
}

function Number({ name, value, isBad = false, title }: NumberProps) {
  return (
    <div class={isBad ? 'is-bad' : ''} title={title}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** More than these are folded away. */
const SHOWN_SERVERS = 3;

function Servers({ version: { servers } }: { readonly version: LiveVersion }) {
  const list = (
    <ul class="servers" aria-label="Servers">
      {servers.map(({ ip, port }) => (
        <li key={`${ip}:${port}`}>
          <code>
            {ip.includes(':') ? `[${ip}]` : ip}:{port}
          </code>
        </li>
      ))}
    </ul>
  );
  if (servers.length <= SHOWN_SERVERS) return list;
  return (
    <details>
      <summary>{counted(servers.length, 'server')}</summary>
      {list}
    </details>
  );
}
