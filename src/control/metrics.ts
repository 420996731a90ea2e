/** What Prometheus reads, in its text format 0.0.4. Pure. */
import type { Share } from '../kernel/ids.js';
import type { FollowerRole } from '../wire/control-message.js';
import type { Outcome } from '../wire/observation.js';
import type { Judgement } from './judged.js';
import type { ShownVersion } from './shown.js';

export interface Measured {
  /** Of the routing table. */
  readonly edition: number;
  readonly followers: Readonly<Record<FollowerRole, number>>;
  /** Newest first. */
  readonly versions: readonly MeasuredVersion[];
}

export interface MeasuredVersion extends Pick<ShownVersion, 'id' | 'version' | 'state'> {
  readonly mode: ShownVersion['upgradeTransition']['mode'];
  /** Undefined: its upgrade has ended. */
  readonly progress: Share | undefined;
  /** First attempts, since control began. */
  readonly exchanges: Readonly<Record<Outcome, number>>;
  /** Requests that it was asked for because another attempt had failed, since control began. */
  readonly rescues: number;
  /** Live ones. */
  readonly sessions: number | undefined;
  readonly verdict: Judgement['verdict'] | undefined;
}

/** Versions that are told of, the newest: each has a dozen series, and Prometheus keeps them all. */
export const MOST_MEASURED = 64;

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];
type Samples = (measured: Measured) => readonly Sample[];

interface Family {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: Samples;
}

/** The id stands beside the number: two versions may have one number, but no two series the same labels. */
const each =
  (samplesOf: (version: MeasuredVersion) => readonly Sample[]): Samples =>
  ({ versions }) =>
    versions.slice(0, MOST_MEASURED).flatMap(measured => {
      const { version, id } = measured;
      return samplesOf(measured).map(([labels, value]): Sample => [
        { version, id, ...labels },
        value,
      ]);
    });

const known = (value: number | undefined): readonly Sample[] =>
  value === undefined ? [] : [[{}, value]];

const verdicts = ['healthy', 'inconclusive', 'unhealthy'] as const satisfies Judgement['verdict'][];

/** One for each verdict, of which one is 1: an alert can then wait for a change. */
const verdictSamples = (now: Judgement['verdict'] | undefined): readonly Sample[] =>
  now === undefined ? [] : verdicts.map(verdict => [{ verdict }, verdict === now ? 1 : 0]);

const families: Readonly<Record<string, Family>> = {
  cutover_table_edition: {
    type: 'gauge',
    help: 'Edition of the routing table.',
    samples: ({ edition }) => [[{}, edition]],
  },
  cutover_followers: {
    type: 'gauge',
    help: 'Processes that follow the routing table.',
    samples: ({ followers }) => Object.entries(followers).map(([role, count]) => [{ role }, count]),
  },
  cutover_version_info: {
    type: 'gauge',
    help: 'Versions, with their state and strategy; always 1.',
    samples: each(({ state, mode }) => [[{ state, mode }, 1]]),
  },
  cutover_upgrade_progress_ratio: {
    type: 'gauge',
    help: 'Share of new sessions that a version under way has reached.',
    samples: each(({ progress }) => known(progress)),
  },
  cutover_exchanges_total: {
    type: 'counter',
    help: 'Exchanges with servers, first attempts, by outcome.',
    samples: each(({ exchanges }) =>
      Object.entries(exchanges).map(([outcome, count]) => [{ outcome }, count]),
    ),
  },
  cutover_rescues_total: {
    type: 'counter',
    help: 'Attempts after the first, by the version that was asked.',
    samples: each(({ rescues }) => known(rescues)),
  },
  cutover_sessions: {
    type: 'gauge',
    help: 'Live sessions.',
    samples: each(({ sessions }) => known(sessions)),
  },
  cutover_verdict: {
    type: 'gauge',
    help: 'The verdict on a version: 1 for the one that stands.',
    samples: each(({ verdict }) => verdictSamples(verdict)),
  },
};

/** A family without samples is left out. */
export function exposition(measured: Measured): string {
  return Object.entries(families)
    .map(([name, { type, help, samples }]) => {
      const lines = samples(measured).map(sample => `${name}${line(sample)}\n`);
      const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
      return lines.length === 0 ? '' : `${head}${lines.join('')}`;
    })
    .join('');
}

function line([labels, value]: Sample): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escaped(text)}"`);
  return `${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

/** What the format asks for in the value of a label. */
const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
