import type { Live, LiveProcess } from '../../../src/control/live.js';
import { bytes, count, milliseconds, percent, rate } from '../pure/format.js';

const roles: readonly LiveProcess['role'][] = ['frontend', 'worker', 'control'];

/** Who does the work, and how much of it. */
export function Processes({ live: { processes, spread } }: { readonly live: Live }) {
  const sorted = processes.toSorted(
    (a, b) => roles.indexOf(a.role) - roles.indexOf(b.role) || (a.name < b.name ? -1 : 1),
  );
  const hasWorkers = processes.some(({ role }) => role === 'worker');
  return (
    <section aria-labelledby="processes-title">
      <h2 id="processes-title">Processes</h2>
      {processes.length === 0 && (
        <p class="card nothing">
          None has reported yet. Each frontend and worker that is connected to control gets a row
          here.
        </p>
      )}
      {processes.length > 0 && !hasWorkers && (
        <p class="card nothing">
          No worker is connected: nobody can answer requests. <code>cutover up -c FILE</code> starts
          all roles, <code>cutover worker -c FILE</code> one worker.
        </p>
      )}
      {processes.length > 0 && (
        <div class="card wide" tabIndex={0} role="region" aria-label="Processes and their load">
          <table class="processes">
            <thead>
              <tr>
                <th scope="col">process</th>
                <th scope="col">role</th>
                <th scope="col">table</th>
                <th scope="col">requests</th>
                <th scope="col">in flight</th>
                <th scope="col">queue</th>
                <th scope="col">connections</th>
                <th scope="col">CPU</th>
                <th scope="col">memory</th>
                <th scope="col">event loop p99</th>
              </tr>
            </thead>
            <tbody>
              {sorted.map(each => (
                <ProcessRow key={each.name} of={each} newest={spread.edition} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function ProcessRow({ of, newest }: { readonly of: LiveProcess; readonly newest: number }) {
  const isBehind = of.role !== 'control' && of.edition !== newest;
  return (
    <tr>
      <th scope="row">{of.name}</th>
      <td>{of.role}</td>
      <td>
        {of.edition ?? (of.role === 'control' ? newest : 'none')}
        {isBehind && <span class="tag">behind</span>}
      </td>
      <td>{rate(of.requests)}</td>
      <td>{count(of.inFlight)}</td>
      <td class={of.queued > 0 ? 'is-wait' : ''}>{count(of.queued)}</td>
      <td>{count(of.connections)}</td>
      <td>{percent(100 * of.cpu)}</td>
      <td>{bytes(of.memory)}</td>
      <td>{milliseconds(of.eventLoopDelay)}</td>
    </tr>
  );
}
