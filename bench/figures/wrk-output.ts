/** Reads what `wrk --latency` prints. */

/** What a closed-loop generator tells of one round. */
export interface LoadFigures {
  /** Answered. */
  readonly requests: number;
  /** A second. */
  readonly rate: number;
  /** MB (10^6 bytes) a second, heads included. */
  readonly throughput: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Other answers than 2xx, and connections that broke. */
  readonly errors: number;
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** wrk counts in powers of 1024. */
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

export function loadFiguresOfWrk(text: string): LoadFigures {
  const first = (pattern: RegExp) => pattern.exec(text)?.slice(1) ?? [];
  const scaled = (pattern: RegExp, units: Readonly<Record<string, number>>) => {
    const [amount, unit = ''] = first(pattern);
    return Number(amount) * (units[unit] ?? NaN);
  };
  const requests = Number(first(/(\d+) requests in/)[0]);
  const rate = Number(first(/Requests\/sec: +([\d.]+)/)[0]);
  if (Number.isNaN(requests) || Number.isNaN(rate)) throw new Error(`not from wrk: ${text}`);
  return {
    requests,
    rate,
    throughput: scaled(/Transfer\/sec: +([\d.]+)(\w+)/, BYTES) / 1e6,
    p50: scaled(/ 50% +([\d.]+)(\w+)/, MILLISECONDS),
    p99: scaled(/ 99% +([\d.]+)(\w+)/, MILLISECONDS),
    errors: errorsIn(text),
  };
}

function errorsIn(text: string): number {
  const broken = /connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text) ?? [];
  const other = /Non-2xx or 3xx responses: (\d+)/.exec(text) ?? [];
  return [...broken.slice(1), ...other.slice(1)].reduce((sum, each) => sum + Number(each), 0);
}
