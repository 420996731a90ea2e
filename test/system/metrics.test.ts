/** Metrics of real processes: what was sent is what is told, and nothing of it is lost with who told it. */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { samplesOf, sumOf, valueOf, type Family, type Sample } from '../support/exposition.js';
import { gate } from '../support/gate.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { metricsOf, openMetricsOf } from '../support/metrics.js';
import { ask } from '../support/raw-client.js';
import { stageForEach } from '../support/stage.js';
import { upgradable, type Upgradable } from '../support/upgradable.js';
import { killWorker, pidOf } from '../support/upgrade-faults.js';
import { eventually } from '../support/within.js';

const REQUESTS = 'cutover_client_requests_total';

/** Once every follower has told of so many requests of clients. */
async function toldOf(at: Upgradable, requests: number): Promise<Map<string, Family>> {
  let { families } = await metricsOf(at.api);
  await eventually(`${requests} requests are told of`, async () => {
    ({ families } = await metricsOf(at.api));
    return (
      sumOf(families, REQUESTS) >= requests &&
      sumOf(families, 'cutover_requests_total') >= requests &&
      sumOf(families, 'cutover_exchanges_total') >= requests
    );
  });
  return families;
}

/** What is going on at this moment, as all together tell it. */
async function presentOf(at: Upgradable) {
  const { families } = await metricsOf(at.api);
  const sum = (name: string, labels = {}) => sumOf(families, name, labels);
  return {
    frontends: sum('cutover_requests_in_flight', { role: 'frontend' }),
    workers: sum('cutover_requests_in_flight', { role: 'worker' }),
    outstanding: sum('cutover_outstanding_requests'),
    busy: sum('cutover_server_connections', { state: 'busy' }),
    clients: sum('cutover_client_connections'),
  };
}

const all = (n: number) => ({ frontends: n, workers: n, outstanding: n, busy: n });
const idle = { ...all(0), clients: 0 };

const countersIn = (families: ReadonlyMap<string, Family>): readonly Sample[] =>
  [...families.values()]
    .filter(({ name, type }) => type !== 'gauge' && !name.startsWith('cutover_process_'))
    .flatMap(({ samples }) => samples);

/** Series that have fallen, or are not there any more. */
const fallen = (before: ReadonlyMap<string, Family>, after: ReadonlyMap<string, Family>) =>
  countersIn(before).filter(
    ({ name, labels, value }) => (valueOf(after, name, labels) ?? -1) < value,
  );

describe('metrics', function () {
  this.timeout(60_000);
  const stage = stageForEach();

  it('are what was sent, through two frontends and two workers, and do not fall when these are killed', async () => {
    const held = gate();
    const { listener, times } = counting({
      name: 'v1',
      before: ({ id }) => (id.startsWith('held') ? held.opened : undefined),
    });
    const servers = [await httpContainer(stage, listener)];
    const at = await upgradable(stage, servers, { frontends: { count: 2 } });
    const send = async (requests: number, prefix: string) =>
      Load.start(stage, { port: at.port, clients: 8, requests, prefix }).finished();
    expect(unharmed(await send(400, 'first'))).to.deep.equal(nothing);
    const malformed = await ask(stage, { port: at.port }, 'nonsense\r\n\r\n');
    expect(malformed.startLine).to.contain('400');

    const before = await toldOf(at, 400);
    const [shown] = await at.api.versions();
    const version = { version: '1.0', id: shown!.id };
    const value = (name: string, labels = {}) => valueOf(before, name, labels);
    expect(times.size).to.equal(400);
    expect(value(REQUESTS, { outcome: 'answered', status: '2xx' })).to.equal(400);
    const served = { ...version, strategy: 'NONE', outcome: 'answered', status: '2xx' };
    expect(value('cutover_requests_total', served)).to.equal(400);
    expect(sumOf(before, 'cutover_requests_total')).to.equal(400);
    expect(value('cutover_exchanges_total', { ...version, outcome: 'ok' })).to.equal(400);
    expect(value('cutover_attempts_total', { ...version, outcome: 'ok' })).to.equal(400);
    expect(sumOf(before, 'cutover_attempt_failures_total')).to.equal(0);
    for (const histogram of [
      'cutover_request_duration_seconds',
      'cutover_attempt_duration_seconds',
      'cutover_client_request_duration_seconds',
    ]) {
      expect(value(`${histogram}_count`), histogram).to.equal(400);
      expect(value(`${histogram}_sum`), histogram).to.be.above(0);
    }
    await eventually('the refusal is told of', async () => {
      const { families } = await metricsOf(at.api);
      const refused = valueOf(families, 'cutover_refusals_total', { code: 'ERR_HEAD_MALFORMED' });
      return refused === 1;
    });
    expect(value('cutover_client_connections_accepted_total')).to.be.within(8, 9);
    await eventually('every process has told of itself, each frontend of each worker', async () => {
      const { families } = await metricsOf(at.api);
      const names = samplesOf(families, 'cutover_process_resident_memory_bytes');
      const pairs = samplesOf(families, 'cutover_outstanding_requests');
      const expected = ['control', 'frontend-1', 'frontend-2', 'worker-1', 'worker-2'];
      const isAll = isDeepStrictEqual(
        names.map(({ labels }) => labels['process']),
        expected,
      );
      return isAll && pairs.length === 4;
    });

    const open = await openMetricsOf(at.api);
    expect(sumOf(open.families, REQUESTS), 'in OpenMetrics as well').to.equal(400);

    const waiting = Load.start(stage, { port: at.port, clients: 1, requests: 1, prefix: 'held' });
    await eventually('what a client waits for is in flight everywhere', async () =>
      isDeepStrictEqual(await presentOf(at), { ...idle, ...all(1), clients: 1 }),
    );
    held.open();
    await waiting.finished();
    await eventually('nothing is in flight', async () =>
      isDeepStrictEqual(await presentOf(at), idle),
    );

    await killWorker(at, 'worker-1');
    expect(unharmed(await send(200, 'second'))).to.deep.equal(nothing);
    const afterWorker = await toldOf(at, 601);
    expect(fallen(before, afterWorker)).to.deep.equal([]);
    expect(sumOf(afterWorker, REQUESTS)).to.equal(601);
    expect(sumOf(afterWorker, 'cutover_requests_total')).to.equal(601);
    await eventually('both frontends have told that they lost a worker', async () => {
      const { families } = await metricsOf(at.api);
      return valueOf(families, 'cutover_workers_lost_total') === 2;
    });

    const since = at.cutover.lines.length;
    process.kill(pidOf(at, 'frontend-1'), 'SIGKILL');
    await at.cutover.logged('role-ready', { since, where: ({ role }) => role === 'frontend-1' });
    expect(unharmed(await send(200, 'third'))).to.deep.equal(nothing);
    const afterFrontend = await toldOf(at, 801);
    expect(fallen(afterWorker, afterFrontend)).to.deep.equal([]);
    expect(sumOf(afterFrontend, REQUESTS)).to.equal(801);
  });
});
