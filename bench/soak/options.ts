/** The command line: `npm run soak -- [--minutes N | --hours N] [--rate N] [--seed N]`. */
import { parseArgs } from 'node:util';

export interface SoakOptions {
  /** How long the load lasts, in milliseconds. */
  readonly during: number;
  /** Requests a second. */
  readonly rate: number;
  /** Decides the order of what happens, and who asks for what. */
  readonly seed: number;
}

const MINUTES = 5;
const RATE = 100;
const MINUTE = 60_000; // ms

export const usage = `npm run soak -- [options]

Moderate load on \`cutover up\` while versions and processes change. Ends with 1 if a request is lost, or
if memory, descriptors, handles or delays grow; Ctrl-C ends it with what is known until then.

  --minutes N  how long (${MINUTES})
  --hours N    the same, in hours
  --rate N     requests a second (${RATE})
  --seed N     the order of what happens; told by every run
  --help`;

/** Throws what to tell the user. `drawn`: the seed, if none is given. */
export function soakOptionsFrom(args: readonly string[], drawn: number): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      hours: { type: 'string' },
      rate: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  if (values.minutes !== undefined && values.hours !== undefined) {
    throw new Error('--minutes or --hours, not both');
  }
  const hours = positive('hours', values.hours);
  const minutes = positive('minutes', values.minutes);
  return {
    during: MINUTE * (hours === undefined ? (minutes ?? MINUTES) : 60 * hours),
    rate: positive('rate', values.rate) ?? RATE,
    seed: seedOf(values.seed) ?? drawn,
  };
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${name}: a number above 0, not "${text}"`);
}

function seedOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Error(`--seed: a whole number of at most 10 digits, not "${text}"`);
}
