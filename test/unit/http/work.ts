/** Counts the bytes that buffers search and copy, so that "linear" needs no clock to be shown. */
type Method = (this: Buffer, ...given: unknown[]) => unknown;

type Cost = (of: Buffer, given: readonly unknown[], result: unknown) => number;

const at = (position: unknown, otherwise: number) =>
  typeof position === 'number' ? position : otherwise;

const costs: readonly (readonly [method: string, cost: Cost])[] = [
  ['copy', (_of, _given, result) => Number(result)],
  ['toString', (of, [, from, to]) => at(to, of.length) - at(from, 0)],
  ['indexOf', (of, [, from], found) => (found === -1 ? of.length : Number(found)) - at(from, 0)],
  ['lastIndexOf', (of, _given, found) => of.length - Number(found)],
  ['includes', of => of.length],
];

/** Bytes examined or copied while this runs. What reads single bytes by index is not seen. */
export function workOf(run: () => void): number {
  let work = 0;
  const prototype = Buffer.prototype as unknown as Record<string, Method>;
  const originals = costs.map(([name]) => [name, prototype[name]!] as const);
  for (const [name, cost] of costs) {
    const original = prototype[name]!;
    prototype[name] = function (this: Buffer, ...given) {
      const result = original.apply(this, given);
      work += Math.max(0, cost(this, given, result));
      return result;
    };
  }
  try {
    run();
  } finally {
    for (const [name, original] of originals) prototype[name] = original;
  }
  return work;
}
