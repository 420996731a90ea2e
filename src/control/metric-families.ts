/**
 * Every metric of Cutover, in one table: its name, what it means, and where its values come from. The page
 * docs/metrics.md is printed from it. Pure.
 *
 * Names and units are Prometheus' (https://prometheus.io/docs/practices/naming/): base units, `_total` for
 * counters, and no label whose values a client could choose.
 */
import { errorCodes } from '../kernel/errors.js';
import type { Share } from '../kernel/ids.js';
import type { Controls } from '../registry/leadership.js';
import type { Durations } from '../measures/durations.js';
import type { ClientTotals } from '../measures/together.js';
import type { FollowerRole } from '../wire/control-message.js';
import type { FrontendMeasures, ProcessMeasures, WorkerMeasures } from '../wire/measures.js';
import type { Judgement } from './judged.js';
import type { MeasuredProcess } from './processes.js';
import type { ShownVersion } from './shown.js';
import type { VersionTotals } from './totals.js';

export interface Measured {
  /** Of Cutover, and of Node. */
  readonly release: string;
  readonly node: string;
  /** Of the routing table. */
  readonly edition: number;
  readonly followers: Readonly<Record<FollowerRole, number>>;
  /** Followers that have this edition. */
  readonly acknowledged: number;
  /** Newest first. */
  readonly versions: readonly MeasuredVersion[];
  readonly processes: readonly MeasuredProcess[];
  readonly clients: ClientTotals;
  /** What happened to versions, since control began: how often each. */
  readonly events: Readonly<Record<string, number>>;
  /** Changes that could not be made durable. */
  readonly registryFailures: number;
  /** Of the controls that share the registry this one acts. */
  readonly isLeading: boolean;
  /** Undefined: nobody shares it. */
  readonly controls: Controls | undefined;
}

export interface MeasuredVersion extends Pick<ShownVersion, 'id' | 'version' | 'state'> {
  readonly mode: ShownVersion['upgradeTransition']['mode'];
  /** Undefined: its upgrade has ended. */
  readonly progress: Share | undefined;
  readonly totals: VersionTotals;
  /** Live ones. */
  readonly sessions: number | undefined;
  readonly verdict: Judgement['verdict'] | undefined;
}

/** Versions that are told of, the newest: each has about a hundred series, and Prometheus keeps them all. */
export const MOST_MEASURED = 64;
/** Processes that are told of, by name: each has about fifteen. `cutover_followers` tells how many there are. */
export const MOST_PROCESSES = 256;

export type Labels = Readonly<Record<string, string>>;
export type Sample<Value = number> = readonly [labels: Labels, value: Value];

interface About {
  readonly help: string;
  readonly labels: readonly string[];
}

export type Family = About &
  (
    | {
        readonly type: 'gauge' | 'counter';
        readonly samples: (measured: Measured) => readonly Sample[];
      }
    | {
        readonly type: 'histogram';
        readonly samples: (measured: Measured) => readonly Sample<Durations>[];
      }
  );

const family =
  <Value, Type extends Family['type']>(type: Type) =>
  (
    help: string,
    labels: readonly string[],
    samples: (measured: Measured) => readonly Sample<Value>[],
  ) => ({ type, help, labels, samples });

const gauge = family<number, 'gauge'>('gauge');
const counter = family<number, 'counter'>('counter');
const histogram = family<Durations, 'histogram'>('histogram');

const one = <Value>(value: Value): readonly Sample<Value>[] => [[{}, value]];
const known = (value: number | undefined): readonly Sample[] =>
  value === undefined ? [] : one(value);

/** One sample for each entry, under this label. */
const by = (label: string, counts: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(counts).map(([value, count]) => [{ [label]: value }, count]);

// ── of each version ──

/** The id stands beside the number: two versions may have one number, but no two series the same labels. */
const ofVersion = ['version', 'id'] as const;

const each =
  <Value>(samplesOf: (version: MeasuredVersion) => readonly Sample<Value>[]) =>
  ({ versions }: Measured): readonly Sample<Value>[] =>
    versions.slice(0, MOST_MEASURED).flatMap(measured => {
      const { version, id } = measured;
      return samplesOf(measured).map(
        ([labels, value]) => [{ version, id, ...labels }, value] as const,
      );
    });

const verdicts = ['healthy', 'inconclusive', 'unhealthy'] as const satisfies Judgement['verdict'][];

/** One for each verdict, of which one is 1: an alert can then wait for a change. */
const verdictSamples = (now: Judgement['verdict'] | undefined): readonly Sample[] =>
  now === undefined ? [] : verdicts.map(verdict => [{ verdict }, verdict === now ? 1 : 0]);

// ── of each process ──

const ofProcess = ['role', 'process'] as const;

const living =
  (samplesOf: (process: MeasuredProcess) => readonly Sample[]) =>
  ({ processes }: Measured): readonly Sample[] =>
    processes.slice(0, MOST_PROCESSES).flatMap(measured => {
      const { role, name } = measured;
      return samplesOf(measured).map(
        ([labels, value]) => [{ role, process: name, ...labels }, value] as const,
      );
    });

const own = (samplesOf: (process: ProcessMeasures) => readonly Sample[]) =>
  living(({ process }) => (process === undefined ? [] : samplesOf(process)));
const working = (samplesOf: (work: FrontendMeasures | WorkerMeasures) => readonly Sample[]) =>
  living(({ work }) => (work === undefined ? [] : samplesOf(work)));
const frontend = (samplesOf: (work: FrontendMeasures) => readonly Sample[]) =>
  working(work => (work.role === 'frontend' ? samplesOf(work) : []));
const worker = (samplesOf: (work: WorkerMeasures) => readonly Sample[]) =>
  working(work => (work.role === 'worker' ? samplesOf(work) : []));

/** Two machines may both have a `worker-1`. */
function outstanding({ workers }: FrontendMeasures): readonly Sample[] {
  const byName = new Map<string, number>();
  for (const { name, outstanding: count } of workers) {
    byName.set(name, (byName.get(name) ?? 0) + count);
  }
  return by('worker', Object.fromEntries(byName));
}

function workersOf({ workers }: FrontendMeasures): readonly Sample[] {
  const draining = workers.filter(({ isDraining }) => isDraining).length;
  return by('state', { ready: workers.length - draining, draining });
}

/** All codes from the beginning: what begins with its first time has no increase. */
const noRefusals = Object.fromEntries(errorCodes.map(code => [code, 0]));

export const sections = {
  'Versions and upgrades': {
    cutover_version_info: gauge(
      'Versions, with their state and strategy; always 1.',
      [...ofVersion, 'state', 'mode'],
      each(({ state, mode }) => [[{ state, mode }, 1]]),
    ),
    cutover_upgrade_progress_ratio: gauge(
      'Share of new sessions that a version under way gets: what it has reached, rounded down to its steps.',
      ofVersion,
      each(({ progress }) => known(progress)),
    ),
    cutover_verdict: gauge(
      'The verdict on a version: 1 for the one that stands.',
      [...ofVersion, 'verdict'],
      each(({ verdict }) => verdictSamples(verdict)),
    ),
    cutover_sessions: gauge(
      'Live sessions.',
      ofVersion,
      each(({ sessions }) => known(sessions)),
    ),
    cutover_version_events_total: counter(
      'What happened to versions: added, demoted, promoted and so on.',
      ['what'],
      ({ events }) => by('what', events),
    ),
  },
  'Requests, as workers see them, by version': {
    cutover_requests_total: counter(
      'Requests by the version that answered them, or was to. A request that another worker takes over is counted by both.',
      [...ofVersion, 'strategy', 'outcome', 'status'],
      each(({ totals }) =>
        totals.requests.map(({ strategy, end, status, count }) => [
          { strategy, outcome: end, status },
          count,
        ]),
      ),
    ),
    cutover_request_duration_seconds: histogram(
      'From the whole request at the worker to the end of its answer, of requests that were answered; without tunnels.',
      ofVersion,
      each(({ totals }) => one(totals.durations)),
    ),
    cutover_exchanges_total: counter(
      'Exchanges with servers that the verdict is drawn from: first attempts, by outcome.',
      [...ofVersion, 'outcome'],
      each(({ totals }) => by('outcome', totals.exchanges)),
    ),
    cutover_rescues_total: counter(
      'Attempts after the first, by the version that was asked.',
      ofVersion,
      each(({ totals }) => one(totals.rescues)),
    ),
    cutover_attempts_total: counter(
      'All attempts, by outcome; also those that a server failed for itself alone.',
      [...ofVersion, 'outcome'],
      each(({ totals }) => by('outcome', totals.attempts)),
    ),
    cutover_attempt_failures_total: counter(
      'Attempts that failed: 5xx, or the code of the error.',
      [...ofVersion, 'reason'],
      each(({ totals }) => by('reason', totals.failures)),
    ),
    cutover_attempt_duration_seconds: histogram(
      'From sending to the head of the answer, of attempts that did not fail.',
      ofVersion,
      each(({ totals }) => one(totals.heads)),
    ),
    cutover_comparisons_total: counter(
      'Answers of the newer version that were compared with those of the older one (CONCURRENT).',
      [...ofVersion, 'result'],
      each(({ totals }) => by('result', totals.comparisons)),
    ),
    cutover_ejections_total: counter(
      'How often a server of the version was left out by a worker.',
      ofVersion,
      each(({ totals }) => one(totals.ejections)),
    ),
    cutover_session_cookies_total: counter(
      'Cookies that were set: sessions that began, or were renewed.',
      ofVersion,
      each(({ totals }) => one(totals.cookies)),
    ),
  },
  'Clients, as all frontends see them together': {
    cutover_client_requests_total: counter(
      "Clients' requests, by what became of them.",
      ['outcome', 'status'],
      ({ clients }) =>
        clients.requests.map(({ end, status, count }) => [{ outcome: end, status }, count]),
    ),
    cutover_client_request_duration_seconds: histogram(
      'From the whole request at the frontend to the end of its answer, of requests that were answered; without tunnels.',
      [],
      ({ clients }) => one(clients.durations),
    ),
    cutover_client_connections_accepted_total: counter(
      'Connections of clients that were accepted.',
      [],
      ({ clients }) => one(clients.accepted),
    ),
    cutover_refusals_total: counter(
      "Requests and connections that ended with an error of Cutover's own, by its code.",
      ['code'],
      ({ clients }) => by('code', { ...noRefusals, ...clients.refusals }),
    ),
    cutover_queue_wait_seconds: histogram(
      'How long requests waited for a worker, of those that had to.',
      [],
      ({ clients }) => one(clients.waits),
    ),
    cutover_workers_lost_total: counter(
      'Workers that died, hung or were cut off, as frontends see it.',
      [],
      ({ clients }) => one(clients.lost.workers),
    ),
    cutover_lost_requests_total: counter(
      'Requests that were in flight with a lost worker: repeated, or failed.',
      ['fate'],
      ({ clients: { lost } }) => by('fate', { repeated: lost.repeated, failed: lost.failed }),
    ),
  },
  'Each process': {
    cutover_process_start_time_seconds: gauge(
      'When the process began, since 1970.',
      ofProcess,
      own(({ startedAt }) => one(startedAt)),
    ),
    cutover_process_cpu_seconds_total: counter(
      'Processor time of the process, of user and system.',
      ofProcess,
      own(({ cpu }) => one(cpu)),
    ),
    cutover_process_resident_memory_bytes: gauge(
      'Resident memory of the process.',
      ofProcess,
      own(({ memory }) => one(memory)),
    ),
    cutover_process_heap_bytes: gauge(
      "Used of JavaScript's heap.",
      ofProcess,
      own(({ heap }) => one(heap)),
    ),
    cutover_event_loop_delay_seconds: gauge(
      'How late the event loop was in the last one or two seconds.',
      [...ofProcess, 'percentile'],
      own(({ eventLoopDelay: { p50, p99, max } }) =>
        by('percentile', { 50: p50, 99: p99, 100: max }),
      ),
    ),
    cutover_process_table_edition: gauge(
      'Edition of the routing table that the process has; 0: none.',
      ofProcess,
      living(({ edition }) => one(edition)),
    ),
    cutover_requests_in_flight: gauge(
      'Requests that have no whole answer yet.',
      ofProcess,
      working(({ inFlight }) => one(inFlight)),
    ),
    cutover_queued_requests: gauge(
      'Requests that wait in a frontend for a worker.',
      ofProcess,
      frontend(({ queued }) => one(queued)),
    ),
    cutover_outstanding_requests: gauge(
      'Requests of a frontend that a worker has.',
      [...ofProcess, 'worker'],
      frontend(outstanding),
    ),
    cutover_workers: gauge(
      'Workers that a frontend knows.',
      [...ofProcess, 'state'],
      frontend(workersOf),
    ),
    cutover_client_connections: gauge(
      'Connections of clients.',
      ofProcess,
      frontend(({ connections }) => one(connections)),
    ),
    cutover_server_connections: gauge(
      'Connections of a worker to servers.',
      [...ofProcess, 'state'],
      worker(({ connections: { busy, idle } }) => by('state', { busy, idle })),
    ),
    cutover_ejected_servers: gauge(
      'Servers that a worker leaves out.',
      ofProcess,
      worker(({ ejected }) => one(ejected)),
    ),
  },
  Control: {
    cutover_build_info: gauge(
      'The release of Cutover, and that of Node; always 1.',
      ['release', 'node'],
      ({ release, node }) => [[{ release, node }, 1]],
    ),
    cutover_table_edition: gauge('Edition of the routing table.', [], ({ edition }) =>
      one(edition),
    ),
    cutover_followers: gauge(
      'Processes that follow the routing table.',
      ['role'],
      ({ followers }) => by('role', followers),
    ),
    cutover_followers_acknowledged: gauge(
      'Processes that have the newest routing table.',
      [],
      ({ acknowledged }) => one(acknowledged),
    ),
    cutover_leading: gauge(
      'Whether this control acts on verdicts: 1 for one of those that share a registry.',
      [],
      ({ isLeading }) => one(isLeading ? 1 : 0),
    ),
    cutover_controls: gauge('Controls that live, as far as this one knows.', [], ({ controls }) =>
      one(controls?.live.length ?? 1),
    ),
    cutover_registry_reachable: gauge(
      'Whether the registry could be reached last (1), so that changes are possible.',
      [],
      ({ controls }) => one(controls?.away === undefined ? 1 : 0),
    ),
    cutover_registry_failures_total: counter(
      'Changes that could not be made durable.',
      [],
      ({ registryFailures }) => one(registryFailures),
    ),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Family>>>>;

export const families: Readonly<Record<string, Family>> = Object.assign(
  {},
  ...Object.values(sections),
) as Readonly<Record<string, Family>>;
