/** Reads what `autocannon --json` prints. */
import type { LoadFigures } from './wrk-output.js';

interface Printed {
  readonly requests: { readonly total: number; readonly average: number };
  readonly throughput: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

export function loadFiguresOfAutocannon(text: string): LoadFigures {
  const printed: unknown = JSON.parse(text);
  if (!isPrinted(printed)) throw new Error(`not from autocannon: ${text}`);
  const { requests, throughput, latency, errors, timeouts, non2xx } = printed;
  return {
    requests: requests.total,
    rate: requests.average,
    throughput: throughput.average / 1e6,
    p50: latency.p50,
    p99: latency.p99,
    errors: errors + timeouts + non2xx,
  };
}

function isPrinted(value: unknown): value is Printed {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['requests', 'throughput', 'latency', 'errors', 'timeouts', 'non2xx'].every(name =>
      Object.hasOwn(value, name),
    )
  );
}
