/**
 * Reads metrics as strictly as Prometheus' formats are written down: what a scraper might shrug at is an
 * error here. https://prometheus.io/docs/instrumenting/exposition_formats/ and the OpenMetrics 1.0 text format.
 */

export interface Sample {
  /** With its suffix: `_bucket`, `_sum`, `_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

type Format = 'text' | 'openmetrics';

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y;
const suffixes: Readonly<Record<Format, Readonly<Record<string, readonly string[]>>>> = {
  text: { gauge: [''], counter: [''], histogram: ['_bucket', '_sum', '_count'] },
  openmetrics: { gauge: [''], counter: ['_total'], histogram: ['_bucket', '_sum', '_count'] },
};

/** By name, as their TYPE lines have it. Throws where a rule is broken, with the line. */
export function readExposition(text: string, format: Format = 'text'): Map<string, Family> {
  const families = new Map<string, Family & { samples: Sample[] }>();
  const seen = new Set<string>();
  let current: (Family & { samples: Sample[] }) | undefined;
  let help: readonly [name: string, text: string] | undefined;
  for (const line of linesOf(text, format)) {
    const comment = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`).exec(line);
    const [, what, name = '', rest = ''] = comment ?? [];
    if (what === 'HELP') {
      help = [name, rest];
    } else if (what === 'TYPE') {
      if (families.has(name)) throw fault('a family stands twice', line);
      if (help?.[0] !== name) throw fault('a family without help', line);
      if (suffixes[format][rest] === undefined) throw fault('an unknown type', line);
      current = { name, type: rest, help: help[1], samples: [] };
      families.set(name, current);
    } else {
      if (current === undefined) throw fault('a sample before any family', line);
      const sample = sampleIn(line);
      const allowed = suffixes[format][current.type]!.map(suffix => `${current!.name}${suffix}`);
      if (!allowed.includes(sample.name)) throw fault('a sample of another family', line);
      const key = keyOf(sample);
      if (seen.has(key)) throw fault('a series stands twice', line);
      seen.add(key);
      if (current.type !== 'gauge' && !(sample.value >= 0)) throw fault('below zero', line);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) {
    if (family.samples.length === 0) throw fault('a family without samples', family.name);
    if (family.type === 'histogram') checkHistogram(family);
  }
  return families;
}

/** The value of the one series with these labels; undefined: there is none. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = samplesOf(families, name, labels);
  if (samples.length > 1) throw new Error(`${samples.length} series of ${name} have these labels`);
  return samples[0]?.value;
}

/** The sum over all series that have these labels. */
export const sumOf = (
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number => samplesOf(families, name, labels).reduce((sum, { value }) => sum + value, 0);

/** Name with its suffix. */
export const samplesOf = (
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): readonly Sample[] =>
  [...families.values()]
    .flatMap(({ samples }) => samples)
    .filter(
      sample =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );

function linesOf(text: string, format: Format): readonly string[] {
  if (!text.endsWith('\n')) throw fault('the last line does not end', text.slice(-50));
  const lines = text.slice(0, -1).split('\n');
  if (format === 'text') return lines.filter(line => line !== '');
  if (lines.pop() !== '# EOF') throw fault('no end', text.slice(-50));
  if (lines.includes('')) throw fault('an empty line', '');
  return lines;
}

function sampleIn(line: string): Sample {
  const [, name = '', inner = '', value = ''] =
    new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? [];
  if (name === '') throw fault('no sample', line);
  const labels: Record<string, string> = {};
  for (LABEL.lastIndex = 0; LABEL.lastIndex < inner.length;) {
    const [, label = '', text = ''] = LABEL.exec(inner) ?? [];
    if (label === '') throw fault('a malformed label', line);
    if (label in labels) throw fault('a label stands twice', line);
    labels[label] = text.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    if (LABEL.lastIndex === inner.length) break;
    if (inner[LABEL.lastIndex] !== ',') throw fault('a malformed label', line);
    LABEL.lastIndex += 1;
  }
  if (!/^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i.test(value)) {
    throw fault('no number', line);
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

const keyOf = ({ name, labels }: Sample): string =>
  JSON.stringify([name, Object.entries(labels).toSorted()]);

/** Buckets ascend, end with +Inf, and that is the count; each has a sum. */
function checkHistogram({ name, samples }: Family): void {
  const series = new Map<string, Map<string, readonly Sample[]>>();
  for (const sample of samples) {
    const labels = Object.entries(sample.labels).filter(([label]) => label !== 'le');
    const key = JSON.stringify(labels.toSorted());
    const parts = series.get(key) ?? new Map<string, readonly Sample[]>();
    series.set(key, parts.set(sample.name, [...(parts.get(sample.name) ?? []), sample]));
  }
  for (const [key, parts] of series) {
    const buckets = parts.get(`${name}_bucket`) ?? [];
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
    const isAscending = (numbers: readonly number[], mayEqual: boolean) =>
      numbers.every(
        (n, at) => at === 0 || n > numbers[at - 1]! || (mayEqual && n === numbers[at - 1]),
      );
    if (!isAscending(bounds, false)) throw fault('bounds do not ascend', `${name} ${key}`);
    if (bounds.at(-1) !== Infinity) throw fault('no +Inf', `${name} ${key}`);
    const counts = buckets.map(({ value }) => value);
    if (!isAscending(counts, true)) throw fault('buckets fall', `${name} ${key}`);
    const [count] = parts.get(`${name}_count`) ?? [];
    if (count?.value !== counts.at(-1)) throw fault('the count is not +Inf', `${name} ${key}`);
    if (parts.get(`${name}_sum`)?.length !== 1) throw fault('no sum', `${name} ${key}`);
  }
}

const fault = (what: string, where: string) => new Error(`${what}: ${where}`);
