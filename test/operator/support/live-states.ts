/** What control may say of itself: states that are hard to reach with real processes, or take long. */
import type {
  Distribution,
  Live,
  LivePoint,
  LiveProcess,
  LiveUpgrade,
  LiveVersion,
  Pair,
} from '../../../src/control/live.js';
import type { ShownTally, Why } from '../../../src/control/why.js';

/** Of all states: the page compares times with each other, and with no clock of its own. */
export const NOW = Date.parse('2026-03-04T10:20:30.000Z');
const ago = (seconds: number): string => new Date(NOW - 1000 * seconds).toISOString();

export const oldId = '00000000-0000-4000-8000-000000000001';
export const newId = '00000000-0000-4000-8000-000000000002';

export const version = (about: Partial<LiveVersion> = {}): LiveVersion => ({
  id: oldId,
  version: '1.0',
  servers: [{ ip: '127.0.0.1', port: 9101 }],
  upgradeTransition: { mode: 'INSTANT' },
  state: 'complete',
  share: 100,
  requests: 812,
  failures: 0,
  rescues: 0,
  delay: { p50: 3.1, p95: 8, p99: 14.2 },
  sessions: { count: 1_204, isExact: true, endIn: 1_700 },
  ...about,
});

const process = (about: Partial<LiveProcess>): LiveProcess => ({
  name: 'worker-1',
  role: 'worker',
  edition: 7,
  requests: 406,
  inFlight: 3,
  queued: 0,
  connections: 32,
  cpu: 0.31,
  memory: 91_000_000,
  eventLoopDelay: 11.2,
  ...about,
});

export const live = (about: Partial<Live> = {}): Live => ({
  at: new Date(NOW).toISOString(),
  release: '0.1.0',
  policy: 'rollback',
  spread: { edition: 7, followers: 3, acknowledged: 3, workers: 2 },
  versions: [version()],
  processes: [
    process({}),
    process({ name: 'worker-2', edition: 6 }),
    process({ name: 'frontend-1', role: 'frontend', queued: 4, connections: 1_830, requests: 812 }),
    process({ name: 'control', role: 'control', edition: undefined, requests: 0, inFlight: 0 }),
  ],
  events: [],
  ...about,
});

const tally = (about: Partial<ShownTally> = {}): ShownTally => ({
  exchanges: 4_000,
  failed: 0,
  failedBy: {},
  different: 0,
  repeats: 0,
  delay: { p50: 3.1, p95: 8, p99: 14.2 },
  size: { p50: 2_100, p95: 9_800, p99: 22_000 },
  ...about,
});

const needed = 800;
const noEvidence = {
  failures: { strength: 1, needed },
  delay: { strength: 0.4, needed },
  size: { strength: 1, needed },
  answers: { strength: 1, needed },
};

export const why = (about: Partial<Why> = {}): Why => ({
  id: newId,
  version: '2.0',
  verdict: 'inconclusive',
  because: 'neither a difference is proven nor its absence',
  since: ago(120),
  until: ago(0),
  newer: tally({ exchanges: 1_210 }),
  stable: tally(),
  typical: tally({ exchanges: 80_000 }),
  evidence: noEvidence,
  examples: { failures: [], delay: [], size: [], answers: [] },
  ...about,
});

/** A hill over a logarithmic axis, its top at `top`. */
function hill(top: number, from: readonly number[]): readonly number[] {
  const heights = from.map(at => Math.exp(-((Math.log(at / top) / 0.5) ** 2)));
  const sum = heights.reduce((total, height) => total + height, 0);
  return heights.map(height => height / sum);
}

function distribution(least: number, newer: number, stable: number): Distribution {
  const from = Array.from({ length: 16 }, (_, at) => least * 1.3 ** at);
  return { from, newer: hill(newer, from), stable: hill(stable, from) };
}

export const points = (
  count: number,
  at: (index: number) => Partial<LivePoint>,
): readonly LivePoint[] =>
  Array.from({ length: count }, (_, index) => ({
    at: NOW - 1000 * (count - 1 - index),
    share: Math.min(100, index * 0.5),
    strength: 0.02,
    verdict: 'inconclusive' as const,
    newer: { requests: index * 4, failures: 0, rescues: 0 },
    stable: { requests: 812 - index * 4, failures: index % 9 === 0 ? 1 : 0, rescues: 0 },
    ...at(index),
  }));

export const upgrade = (about: Partial<LiveUpgrade> = {}): LiveUpgrade => ({
  id: newId,
  version: '2.0',
  stable: { id: oldId, version: '1.0' },
  points: points(120, () => ({})),
  events: [{ at: ago(119), id: newId, version: '2.0', what: 'added', edition: 6 }],
  delay: distribution(0.8, 4.2, 3),
  size: distribution(400, 2_300, 2_100),
  why: why(),
  ...about,
});

export const moving = (about: Partial<LiveVersion> = {}): LiveVersion =>
  version({
    id: newId,
    version: '2.0',
    servers: [
      { ip: '127.0.0.1', port: 9201 },
      { ip: '127.0.0.1', port: 9202 },
    ],
    upgradeTransition: { mode: 'GRADUAL', duration: '10m', steps: [1, 10, 50] },
    state: 'running',
    share: 34.2,
    progress: 36,
    requests: 278,
    verdict: 'inconclusive',
    exchanges: 1_210,
    ...about,
  });

/** GRADUAL, a third of the way. */
export const gradual = (about: Partial<Live> = {}): Live =>
  live({
    versions: [moving(), version({ share: 65.8, requests: 534 })],
    upgrade: upgrade(),
    events: [{ at: ago(119), id: newId, version: '2.0', what: 'added', edition: 6 }],
    ...about,
  });

/** Taken back, because it failed. */
export function demoted(): Live {
  const because = 'it fails more often: 31 of 60, stable 0 of 1200';
  const fails = (index: number) => (index > 100 ? 12 : 0);
  const end = { at: ago(1), id: newId, version: '2.0', what: 'demoted', because, edition: 7 };
  const base = upgrade();
  return gradual({
    versions: [
      moving({
        state: 'demoted',
        because,
        share: 0,
        progress: undefined as never,
        requests: 0,
        verdict: 'unhealthy',
      }),
      version(),
    ],
    upgrade: {
      ...base,
      events: [...base.events, end],
      points: points(120, index => ({
        strength: Math.max(0.02, Math.min(1, (index - 100) / 18)),
        verdict: index > 118 ? 'unhealthy' : 'inconclusive',
        newer: { requests: 60, failures: fails(index), rescues: fails(index) },
        share: index > 118 ? 0 : index * 0.3,
      })),
      why: why({
        verdict: 'unhealthy',
        because,
        signal: 'failures',
        newer: tally({ exchanges: 60, failed: 31, failedBy: { '5xx': 28, ERR_SERVER_RESET: 3 } }),
        evidence: { ...noEvidence, failures: { strength: 1e6, needed } },
        examples: {
          failures: Array.from({ length: 3 }, (_, at) => ({
            at: NOW - 1000 * at,
            version: newId as never,
            server: '127.0.0.1:9201',
            route: 'GET /orders',
            outcome: 'failed' as const,
            code: undefined,
            status: 500,
            delay: 2.5,
            bytes: 120,
            attempt: 1,
            method: 'GET',
            target: `/orders/${String(at)}?…`,
          })),
          delay: [],
          size: [],
          answers: [],
        },
      }),
    },
    events: [end, ...base.events],
  });
}

export const pair: Pair = {
  where: ['/total', '/items/1/name', 'cache-control'],
  older: {
    status: 200,
    fields: [
      ['content-type', 'application/json'],
      ['cache-control', 'max-age=60'],
      ['x-served-by', 'v1'],
    ],
    body: '{"total":12,"items":[{"id":1,"name":"tea"},{"id":2,"name":"coffee beans"}],"currency":"EUR"}',
    skipped: 0,
    bytes: 92,
  },
  newer: {
    status: 200,
    fields: [
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
    ],
    body: '{"total":13,"items":[{"id":1,"name":"tea"},{"id":2,"name":"coffee pads"}],"currency":"EUR"}',
    skipped: 0,
    bytes: 91,
  },
};

/** CONCURRENT, whose answers differed. */
export function different(): Live {
  const because = 'its answers are different: 9 of 300';
  const example = {
    at: NOW - 4_000,
    version: newId as never,
    server: '127.0.0.1:9201',
    route: 'GET /basket',
    outcome: 'different' as const,
    code: undefined,
    status: 200,
    delay: 3.2,
    bytes: 91,
    attempt: 1,
    method: 'GET',
    target: '/basket/17',
    pair,
  };
  return gradual({
    versions: [
      moving({
        upgradeTransition: { mode: 'CONCURRENT' },
        progress: undefined as never,
        verdict: 'unhealthy',
        state: 'demoted',
        because,
      }),
      version(),
    ],
    upgrade: upgrade({
      why: why({
        verdict: 'unhealthy',
        because,
        signal: 'answers',
        newer: tally({ exchanges: 300, different: 9 }),
        evidence: { ...noEvidence, answers: { strength: 9_000, needed } },
        examples: { failures: [], delay: [], size: [], answers: [example] },
      }),
    }),
  });
}
