/** The command line: `npm run scale -- [--workers N,N,…] [--rate N] …`. */
import { parseArgs } from 'node:util';

export const linkKinds = ['ipc', 'tcp', 'curve'] as const;
export type LinkKind = (typeof linkKinds)[number];

export interface ScaleOptions {
  /** How many simulated workers, one measurement after another. */
  readonly workers: readonly number[];
  /** Among which they are divided. */
  readonly processes: number;
  readonly link: LinkKind;
  /** Changes of the routing table that are spread, and demotions that are timed. */
  readonly rounds: number;
  /** Requests a second of all together; 0: only changes are spread. */
  readonly rate: number;
  /** Of steady load. */
  readonly seconds: number;
  /** Where control's CPU profile is left; undefined: nowhere. */
  readonly profile: string | undefined;
}

const USUAL = { workers: '10,100,1000', processes: 10, rounds: 10, rate: 100_000, seconds: 15 };

export const usage = `npm run scale -- [options]

Control with simulated workers (real links, real reports, no servers): how long a change takes to the last
acknowledgement, and whether control keeps up with what they report.

  --workers N,…  how many, one measurement after another (${USUAL.workers})
  --processes N  among which they are divided (${USUAL.processes})
  --link KIND    ${linkKinds.join(', ')} (curve: over TCP, with keys, as between machines)
  --rounds N     changes, and demotions (${USUAL.rounds})
  --rate N       requests a second, of all together (${USUAL.rate}); 0: changes only
  --seconds N    of steady load (${USUAL.seconds})
  --profile DIR  leaves a CPU profile of control there
  --help`;

/** Throws what to tell the user. */
export function scaleOptionsFrom(args: readonly string[]): ScaleOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workers: { type: 'string', default: USUAL.workers },
      processes: { type: 'string' },
      link: { type: 'string', default: 'curve' },
      rounds: { type: 'string' },
      rate: { type: 'string' },
      seconds: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const link = linkKinds.find(kind => kind === values.link);
  if (link === undefined) throw new Error(`--link: ${linkKinds.join(', ')}, not "${values.link}"`);
  return {
    workers: values.workers.split(',').map(text => whole('workers', text, 1)),
    processes: whole('processes', values.processes ?? String(USUAL.processes), 1),
    link,
    rounds: whole('rounds', values.rounds ?? String(USUAL.rounds), 1),
    rate: whole('rate', values.rate ?? String(USUAL.rate), 0),
    seconds: whole('seconds', values.seconds ?? String(USUAL.seconds), 1),
    profile: values.profile,
  };
}

function whole(name: string, text: string, least: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least) return value;
  throw new Error(`--${name}: a whole number from ${least} on, not "${text}"`);
}
