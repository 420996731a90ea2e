/** What Prometheus reads: the metrics written by prom-client, in the format that the scraper asks for. */
import { AggregatorRegistry, Registry, type RegistryContentType } from 'prom-client';
import { BOUNDS, timesIn, type Durations } from '../measures/durations.js';
import {
  families,
  type Family,
  type Labels,
  type Measured,
  type Sample,
} from './metric-families.js';
import type { Exposition } from './rest.js';

/** `accept`: of the request. A family without samples is left out. */
export async function exposition(
  measured: Measured,
  accept: string | undefined,
): Promise<Exposition> {
  const isOpen = wantsOpenMetrics(accept);
  // Made anew each time: nothing is counted here, and what has gone leaves no series behind.
  const registry = AggregatorRegistry.aggregate<RegistryContentType>([
    Object.entries(families).flatMap(([name, family]) => {
      const values = valuesOf(name, family, measured);
      // In OpenMetrics the name of a counter's family has no suffix; prom-client adds it to each sample.
      const named = isOpen && family.type === 'counter' ? name.replace(/_total$/, '') : name;
      const { help, type } = family;
      return values.length === 0 ? [] : [{ name: named, help, type, values, aggregator: 'first' }];
    }),
  ]);
  registry.setContentType(
    isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE,
  );
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** Whether it is liked no less than plain text: RFC 9110 §12.5.1, for the two types that there are. */
export function wantsOpenMetrics(accept = ''): boolean {
  const ranges = accept.split(',').map(range => {
    const [type = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase());
    const q = parameters.find(each => each.startsWith('q='))?.slice(2);
    const quality = q === undefined ? 1 : Number(q);
    return { type, quality: quality >= 0 ? quality : 0 };
  });
  const best = (...types: readonly string[]) =>
    Math.max(0, ...ranges.filter(({ type }) => types.includes(type)).map(each => each.quality));
  const open = best('application/openmetrics-text');
  return open > 0 && open >= best('text/plain', 'text/*', '*/*');
}

interface Value {
  readonly labels: Labels;
  readonly value: number;
  /** Undefined: that of the family. */
  readonly metricName?: string;
}

function valuesOf(name: string, family: Family, measured: Measured): readonly Value[] {
  if (family.type === 'histogram') {
    return family.samples(measured).flatMap(sample => bucketsOf(name, sample));
  }
  return family.samples(measured).map(([labels, value]) => ({ labels, value }));
}

/** As Prometheus counts: each bucket holds those below it as well. */
function bucketsOf(name: string, [labels, durations]: Sample<Durations>): readonly Value[] {
  let below = 0;
  const buckets = [...BOUNDS, Infinity].map((bound, at) => {
    below += durations.counts[at] ?? 0;
    const le = bound === Infinity ? '+Inf' : String(bound);
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: durations.sum },
    { metricName: `${name}_count`, labels, value: timesIn(durations) },
  ];
}
