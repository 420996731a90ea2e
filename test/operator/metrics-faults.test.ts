/** Control's counters when control itself is lost, or hangs: nothing is counted twice, and what hangs is not lost. */
import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { sumOf, valueOf } from '../support/exposition.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { metricsOf } from '../support/metrics.js';
import { stageForEach } from '../support/stage.js';
import { upgradable, type Upgradable } from '../support/upgradable.js';
import { killControl, pidOf } from '../support/upgrade-faults.js';
import { eventually } from '../support/within.js';

/** What is told of clients' requests, by frontends, by workers, and in workers' reports. */
async function toldOf(at: Upgradable): Promise<readonly number[]> {
  const { families } = await metricsOf(at.api);
  return [
    sumOf(families, 'cutover_client_requests_total'),
    sumOf(families, 'cutover_requests_total'),
    sumOf(families, 'cutover_attempts_total'),
    valueOf(families, 'cutover_client_request_duration_seconds_count') ?? 0,
  ];
}

async function told(at: Upgradable, requests: number): Promise<void> {
  await eventually(`${requests} requests are told of`, async () =>
    (await toldOf(at)).every(count => count >= requests),
  );
  expect(await toldOf(at)).to.deep.equal([requests, requests, requests, requests]);
}

describe('metrics of a control', function () {
  this.timeout(60_000);
  const stage = stageForEach();
  const start = async () => {
    const servers = [await httpContainer(stage, counting({ name: 'v1' }).listener)];
    return upgradable(stage, servers, { device: { silence: 60 } });
  };
  const send = async ({ port }: Upgradable, requests: number, prefix: string) =>
    expect(
      unharmed(await Load.start(stage, { port, clients: 4, requests, prefix }).finished()),
    ).to.deep.equal(nothing);

  it('that was killed begin at 0, and have what came since, and nothing twice', async () => {
    const at = await start();
    await send(at, 120, 'before');
    await told(at, 120);
    const since = at.cutover.lines.length;
    const again = await killControl(at);
    // What is told to a control that does not know one yet is lost.
    const frontend = { since, where: ({ name }: { name: string }) => name === 'frontend-1' };
    await at.cutover.logged('follower-joined', frontend);
    await send(again, 80, 'after');
    await told(again, 80);
  });

  it('that hung have what came meanwhile', async () => {
    const at = await start();
    await send(at, 100, 'before');
    await told(at, 100);
    const pid = pidOf(at, 'control');
    process.kill(pid, 'SIGSTOP');
    try {
      await send(at, 300, 'meanwhile');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await told(at, 400);
  });
});
