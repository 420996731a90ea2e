import type { Live, LiveUpgrade } from '../../../src/control/live.js';
import { number, percent } from '../pure/format.js';
import { DOUBTFUL, nearness, signalNames, type Signal } from '../pure/strength.js';
import { Distributions } from './distributions.js';
import { Icon } from './icon.js';
import { TimelineCharts } from './timeline.js';

/** The upgrade that is under way, or the last one: over time, and by what it is judged. */
export function Upgrade({ live: { upgrade, versions } }: { readonly live: Live }) {
  if (upgrade === undefined) {
    return (
      <section aria-labelledby="upgrade-title">
        <h2 id="upgrade-title">Upgrade</h2>
        <p class="card nothing">
          None since control started. The next one is drawn here as it goes: its share, the evidence
          for and against it, failures and rescues.
        </p>
      </section>
    );
  }
  const state = versions.find(({ id }) => id === upgrade.id)?.state;
  const isUnderWay = state === 'running' || state === 'paused' || state === 'superseded';
  return (
    <section aria-labelledby="upgrade-title">
      <h2 id="upgrade-title">
        {isUnderWay ? 'Upgrade' : 'The last upgrade'}: {upgrade.stable?.version ?? 'nothing'} to{' '}
        {upgrade.version}
      </h2>
      <div class="card">
        <TimelineCharts upgrade={upgrade} />
      </div>
      <div class="card">
        <h3>New against stable</h3>
        <FailureRates upgrade={upgrade} />
        <Distributions upgrade={upgrade} />
        <EvidenceBars upgrade={upgrade} />
      </div>
    </section>
  );
}

function FailureRates({ upgrade: { why, version, stable } }: { readonly upgrade: LiveUpgrade }) {
  if (why === undefined) return <p class="nothing">Nothing has been seen of it yet.</p>;
  const rows = [
    { name: version, tally: why.newer },
    { name: stable?.version ?? 'stable', tally: why.stable },
    { name: 'typically', tally: why.typical },
  ];
  const part = (of: number, all: number) =>
    all === 0 ? '–' : `${number(of)} (${percent((100 * of) / all)})`;
  return (
    <div class="wide" tabIndex={0} role="region" aria-label="Failures of both versions">
      <table>
        <thead>
          <tr>
            <th scope="col">version</th>
            <th scope="col">exchanges</th>
            <th scope="col">failed</th>
            <th scope="col">other answers</th>
            <th scope="col">rescues</th>
            <th scope="col">how it failed</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, tally }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{number(tally.exchanges)}</td>
              <td>{part(tally.failed, tally.exchanges)}</td>
              <td>{part(tally.different, tally.exchanges)}</td>
              <td>{number(tally.repeats)}</td>
              <td>
                {Object.entries(tally.failedBy)
                  .map(([kind, times]) => `${kind}: ${number(times)}`)
                  .join(', ') || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function EvidenceBars({ upgrade: { why } }: { readonly upgrade: LiveUpgrade }) {
  if (why === undefined) return null;
  return (
    <>
      <h4>How near each signal is to unhealthy</h4>
      <ul class="evidence-bars">
        {(Object.keys(why.evidence) as Signal[]).map(signal => {
          const near = nearness(why.evidence[signal]);
          const says = near >= 1 ? 'unhealthy' : near >= DOUBTFUL ? 'doubtful' : 'no doubt';
          return (
            <li key={signal} class={`near-${says.replace(' ', '-')}`}>
              <span class="bar-label">{signalNames[signal]}</span>
              <span class="bar-track" aria-hidden="true">
                <span class="bar-fill" style={{ width: `${100 * near}%` }} />
              </span>
              <span class="bar-value">
                {near >= 1 && <Icon name="unhealthy" />} {percent(100 * near)} · {says}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
