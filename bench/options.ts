/** The command line: `npm run bench -- [--quick] [--only WORKLOAD] [--hours N] …`. */
import { parseArgs } from 'node:util';

export interface Options {
  readonly isQuick: boolean;
  /** Names of workloads; empty: all. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Of one round of one contender. */
  readonly seconds: number;
  /** Of the load of the saturation test. */
  readonly saturation: number;
}

const QUICK = { rounds: 1, seconds: 1, saturation: 5 } as const;
const FULL = { rounds: 3, seconds: 4, saturation: 180 } as const;

export const usage = (workloads: readonly string[]) => `npm run bench -- [options]

  --quick          right or wrong, and one short round
  --only WORKLOAD  this one; may be given several times
  --rounds N       of each contender (${FULL.rounds})
  --seconds N      of each round (${FULL.seconds})
  --hours N        of the load of the saturation test (${FULL.saturation / 3600})
  --help

workloads: ${workloads.join(', ')}`;

/** Throws what to tell the user. */
export function optionsFrom(args: readonly string[], workloads: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      hours: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
    },
  });
  const unknown = values.only.find(name => !workloads.includes(name));
  if (unknown !== undefined) {
    throw new Error(`no workload "${unknown}"; there are: ${workloads.join(', ')}`);
  }
  const usual = values.quick ? QUICK : FULL;
  return {
    isQuick: values.quick,
    only: values.only,
    rounds: Math.ceil(positive('rounds', values.rounds) ?? usual.rounds),
    seconds: Math.ceil(positive('seconds', values.seconds) ?? usual.seconds),
    saturation: (positive('hours', values.hours) ?? usual.saturation / 3600) * 3600,
  };
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name}: a number above 0, not "${text}"`);
}
