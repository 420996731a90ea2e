import { expect } from 'chai';
import {
  families as table,
  MOST_MEASURED,
  MOST_PROCESSES,
  type Measured,
  type MeasuredVersion,
} from '../../../src/control/metric-families.js';
import { exposition, wantsOpenMetrics } from '../../../src/control/metrics.js';
import type { MeasuredProcess } from '../../../src/control/processes.js';
import { nothingCounted, Totals, type VersionTotals } from '../../../src/control/totals.js';
import { share } from '../../../src/kernel/ids.js';
import {
  readExposition,
  samplesOf,
  sumOf,
  valueOf,
  type Family,
} from '../../support/exposition.js';
import { durationsOf, frontendMeasures, processMeasures, workerMeasures } from './measured.js';

const OPEN = 'application/openmetrics-text; version=1.0.0';

const totalsOf = (about: Partial<VersionTotals> = {}): VersionTotals => ({
  ...nothingCounted(),
  ...about,
});

const version = (about: Partial<MeasuredVersion>): MeasuredVersion => ({
  id: 'aaaa',
  version: '1.0',
  state: 'complete',
  mode: 'INSTANT',
  progress: undefined,
  totals: totalsOf(),
  sessions: undefined,
  verdict: undefined,
  ...about,
});

const measured = (about: Partial<Measured> = {}): Measured => ({
  release: '1.2.3',
  node: 'v20.0.0',
  edition: 7,
  followers: { worker: 2, frontend: 1 },
  acknowledged: 3,
  versions: [],
  processes: [],
  clients: new Totals().clients,
  events: { demoted: 0 },
  registryFailures: 0,
  isLeading: true,
  controls: undefined,
  ...about,
});

const frontend: MeasuredProcess = {
  name: 'frontend-1',
  role: 'frontend',
  edition: 7,
  process: processMeasures(),
  work: frontendMeasures({
    inFlight: 9,
    queued: 4,
    connections: 70,
    workers: [
      { name: 'worker-1', outstanding: 3, isDraining: false },
      { name: 'worker-2', outstanding: 2, isDraining: true },
    ],
  }),
};
const worker: MeasuredProcess = {
  name: 'worker-1',
  role: 'worker',
  edition: 6,
  process: processMeasures(),
  work: workerMeasures({ inFlight: 3, connections: { busy: 3, idle: 5 }, ejected: 1 }),
};

/** All of it that there can be. */
const whole = measured({
  versions: [
    version({
      id: 'b',
      version: '2.0',
      state: 'running',
      mode: 'GRADUAL',
      progress: share(0.125),
      sessions: 37,
      verdict: 'healthy',
      totals: totalsOf({
        exchanges: { ok: 1000, failed: 3, different: 0 },
        rescues: 2,
        requests: [
          { strategy: 'GRADUAL', end: 'answered', status: '2xx', count: 900 },
          { strategy: 'GRADUAL', end: 'rescued', status: '2xx', count: 2 },
        ],
        durations: durationsOf(0.0005, 0.3, 100),
        failures: { '5xx': 2, ERR_SERVER_RESET: 1 },
        heads: durationsOf(0.002),
        comparisons: { agree: 5, differ: 1, unknown: 2 },
        ejections: 3,
        cookies: 40,
      }),
    }),
  ],
  processes: [frontend, worker],
  clients: {
    ...new Totals().clients,
    requests: [{ end: 'cut', status: '2xx', count: 6 }],
    accepted: 80,
    refusals: { ERR_QUEUE_FULL: 11 },
    lost: { workers: 1, repeated: 4, failed: 2 },
  },
});

async function read(about: Measured, accept?: string): Promise<Map<string, Family>> {
  const { text } = await exposition(about, accept);
  return readExposition(text, accept === undefined ? 'text' : 'openmetrics');
}

describe('the metrics', () => {
  for (const [format, accept] of [
    ['the text format', undefined],
    ['OpenMetrics', OPEN],
  ] as const) {
    it(`are written as ${format} wants them, every family of the table`, async () => {
      const families = await read(whole, accept);
      const [name, withSuffix] = [
        (each: string) => (accept === undefined ? each : each.replace(/_total$/, '')),
        [...families.keys()],
      ];
      expect(withSuffix).to.have.members(Object.keys(table).map(name));
    });

    it(`lose no series on the way to ${format}`, async () => {
      const families = await read(whole, accept);
      const expected = Object.values(table).flatMap(({ type, samples }) =>
        samples(whole).flatMap(() =>
          type === 'histogram' ? Array<undefined>(18).fill(undefined) : [undefined],
        ),
      );
      const found = [...families.values()].flatMap(({ samples }) => samples);
      expect(found).to.have.length(expected.length);
    });
  }

  it('have the labels that the table promises, and no others', async () => {
    for (const [name, { labels, samples }] of Object.entries(table)) {
      for (const [own] of samples(whole))
        expect(Object.keys(own), name).to.have.members([...labels]);
    }
    expect(await read(whole)).to.have.property('size', Object.keys(table).length);
  });

  it('are named by the conventions: base units, _total for counters and nothing else', () => {
    for (const [name, { type, help }] of Object.entries(table)) {
      expect(name).to.match(/^cutover_[a-z_]+$/);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      expect(name).not.to.match(/milli|_ms|kilo|percent(?!ile)/);
      expect(help, name).to.match(/\.$/);
    }
  });

  it('tell all of a version under way', async () => {
    const families = await read(whole);
    const of = { version: '2.0', id: 'b' };
    const value = (name: string, labels = {}) => valueOf(families, name, { ...of, ...labels });
    expect(value('cutover_version_info', { state: 'running', mode: 'GRADUAL' })).to.equal(1);
    expect(value('cutover_upgrade_progress_ratio')).to.equal(0.125);
    expect(value('cutover_exchanges_total', { outcome: 'ok' })).to.equal(1000);
    expect(value('cutover_exchanges_total', { outcome: 'failed' })).to.equal(3);
    expect(value('cutover_rescues_total')).to.equal(2);
    expect(value('cutover_sessions')).to.equal(37);
    expect(value('cutover_verdict', { verdict: 'healthy' })).to.equal(1);
    expect(value('cutover_verdict', { verdict: 'unhealthy' })).to.equal(0);
    const requests = { strategy: 'GRADUAL', status: '2xx' };
    expect(value('cutover_requests_total', { ...requests, outcome: 'answered' })).to.equal(900);
    expect(value('cutover_requests_total', { ...requests, outcome: 'rescued' })).to.equal(2);
    expect(value('cutover_attempt_failures_total', { reason: 'ERR_SERVER_RESET' })).to.equal(1);
    expect(value('cutover_comparisons_total', { result: 'differ' })).to.equal(1);
    expect(value('cutover_ejections_total')).to.equal(3);
    expect(value('cutover_session_cookies_total')).to.equal(40);
  });

  it('tell durations in buckets, each with those below it', async () => {
    const families = await read(whole);
    const name = 'cutover_request_duration_seconds';
    const below = (le: string) => valueOf(families, `${name}_bucket`, { id: 'b', le });
    expect(['0.001', '0.25', '0.5', '60', '+Inf'].map(below)).to.deep.equal([1, 1, 2, 2, 3]);
    expect(valueOf(families, `${name}_count`)).to.equal(3);
    expect(valueOf(families, `${name}_sum`)).to.be.closeTo(100.3005, 1e-9);
  });

  it('tell what each process does', async () => {
    const families = await read(whole);
    const value = (name: string, labels: Record<string, string>) => valueOf(families, name, labels);
    const ofFrontend = { role: 'frontend', process: 'frontend-1' };
    const ofWorker = { role: 'worker', process: 'worker-1' };
    expect(value('cutover_queued_requests', ofFrontend)).to.equal(4);
    expect(value('cutover_client_connections', ofFrontend)).to.equal(70);
    expect(value('cutover_workers', { ...ofFrontend, state: 'ready' })).to.equal(1);
    expect(value('cutover_workers', { ...ofFrontend, state: 'draining' })).to.equal(1);
    expect(value('cutover_outstanding_requests', { worker: 'worker-2' })).to.equal(2);
    expect(value('cutover_requests_in_flight', ofWorker)).to.equal(3);
    expect(value('cutover_server_connections', { ...ofWorker, state: 'idle' })).to.equal(5);
    expect(value('cutover_ejected_servers', ofWorker)).to.equal(1);
    expect(value('cutover_event_loop_delay_seconds', { ...ofWorker, percentile: '99' })).to.equal(
      0.002,
    );
    expect(value('cutover_process_table_edition', ofWorker)).to.equal(6);
  });

  it('tell what clients saw, and each refusal from the beginning: what begins later has no increase', async () => {
    const families = await read(whole);
    expect(valueOf(families, 'cutover_client_requests_total', { outcome: 'cut' })).to.equal(6);
    expect(valueOf(families, 'cutover_refusals_total', { code: 'ERR_QUEUE_FULL' })).to.equal(11);
    expect(valueOf(families, 'cutover_refusals_total', { code: 'ERR_SPOOL' })).to.equal(0);
    expect(valueOf(families, 'cutover_lost_requests_total', { fate: 'repeated' })).to.equal(4);
  });

  it('say nothing of what is not known', async () => {
    const { text } = await exposition(measured({ versions: [version({})] }), undefined);
    expect(text).not.to.match(/^cutover_(upgrade|sessions|verdict|process_|event_loop)/m);
  });

  it('have no two series with the same labels where two versions have one number', async () => {
    const families = await read(
      measured({ versions: [version({ id: 'a' }), version({ id: 'b' })] }),
    );
    const ids = samplesOf(families, 'cutover_rescues_total').map(({ labels }) => labels['id']);
    expect(ids).to.deep.equal(['a', 'b']);
  });

  it('have none either where a frontend has two workers of one name', async () => {
    const twins = [1, 2].map(outstanding => ({ name: 'w', outstanding, isDraining: false }));
    const work = frontendMeasures({ workers: twins });
    const families = await read(measured({ processes: [{ ...frontend, work }] }));
    expect(valueOf(families, 'cutover_outstanding_requests', { worker: 'w' })).to.equal(3);
  });

  it('let no label break out of its quotes', async () => {
    for (const accept of [undefined, OPEN]) {
      const families = await read(measured({ versions: [version({ id: 'a"} 1\n\\' })] }), accept);
      const [sample] = samplesOf(families, 'cutover_rescues_total');
      expect(sample?.labels['id']).to.equal('a"} 1\n\\');
    }
  });

  it('are bounded: of the newest versions, and of so many processes', async () => {
    const versions = Array.from({ length: MOST_MEASURED + 1 }, (_, n) => version({ id: `v${n}` }));
    const processes = Array.from({ length: MOST_PROCESSES + 1 }, (_, n) => ({
      ...worker,
      name: `worker-${n}`,
    }));
    const families = await read(measured({ versions, processes }));
    expect(sumOf(families, 'cutover_version_info')).to.equal(MOST_MEASURED);
    expect(valueOf(families, 'cutover_version_info', { id: 'v0' })).to.equal(1);
    expect(samplesOf(families, 'cutover_ejected_servers')).to.have.length(MOST_PROCESSES);
  });

  const accepted: readonly (readonly [accept: string | undefined, open: boolean])[] = [
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/plain', false],
    [OPEN, true],
    ['Application/OpenMetrics-Text', true],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      true,
    ],
    ['application/openmetrics-text;q=0.2,text/plain;q=0.9', false],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=soon', false],
    ['text/html, */*;q=0.1, application/openmetrics-text;q=0.1', true],
  ];
  for (const [accept, open] of accepted) {
    it(`are ${open ? 'OpenMetrics' : 'plain text'} for ${JSON.stringify(accept)}`, async () => {
      expect(wantsOpenMetrics(accept)).to.equal(open);
      const { contentType } = await exposition(measured(), accept);
      expect(contentType).to.equal(
        open
          ? 'application/openmetrics-text; version=1.0.0; charset=utf-8'
          : 'text/plain; version=0.0.4; charset=utf-8',
      );
    });
  }
});
