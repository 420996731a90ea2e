/** Where two JSON values differ, by JSON Pointer (RFC 6901), with `*` for every item of an array. */
import type { Json } from './json.js';

/** Pointers that are not looked at, as a tree: every value is asked for its own branch only. */
export interface Ignored {
  readonly isWhole: boolean;
  readonly below: ReadonlyMap<string, Ignored>;
}

/**
 * `*` stands for the items of an array; under an object it is a name like others. What is no pointer
 * ignores nothing: without its slash it would be read as the whole.
 */
export function ignoredBy(pointers: readonly string[]): Ignored {
  interface Growing {
    isWhole: boolean;
    readonly below: Map<string, Growing>;
  }
  const root: Growing = { isWhole: false, below: new Map() };
  for (const pointer of pointers.filter(isPointer)) {
    let at = root;
    for (const segment of pointer.split('/').slice(1).map(unescaped)) {
      const under = at.below.get(segment) ?? { isWhole: false, below: new Map<string, Growing>() };
      at.below.set(segment, under);
      at = under;
    }
    at.isWhole = true;
  }
  return root;
}

const isPointer = (text: string) => text === '' || text.startsWith('/');

/** RFC 6901 §4: `~1` first, so that `~01` is `~1`. */
const unescaped = (segment: string) => segment.replaceAll('~1', '/').replaceAll('~0', '~');
const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** A pointer that would be longer is cut off at a parent: names can be data. */
const LONGEST_POINTER = 256;

/** Adds to `found` until it has `most`. What stands on neither side differs nowhere. */
export function addDifferences(
  [a, b]: readonly [Json | undefined, Json | undefined],
  ignored: readonly Ignored[],
  { found, most }: { readonly found: Set<string>; readonly most: number },
  pointer = '',
): void {
  if (found.size >= most || ignored.some(({ isWhole }) => isWhole)) return;
  const into = { found, most };
  if (a?.kind === 'object' && b?.kind === 'object') {
    // In one order, whichever side they come from: so the same ones are left out at the bound.
    for (const name of new Set([...a.members.keys(), ...b.members.keys()].toSorted())) {
      const pair = [a.members.get(name), b.members.get(name)] as const;
      addDifferences(pair, branches(ignored, name), into, longer(pointer, escaped(name)));
    }
  } else if (a?.kind === 'array' && b?.kind === 'array' && a.items.length === b.items.length) {
    for (const [at, item] of a.items.entries()) {
      const pair = [item, b.items[at]] as const;
      addDifferences(pair, branches(ignored, String(at), '*'), into, longer(pointer, '*'));
    }
  } else if (!isSameScalar(a, b)) found.add(pointer);
}

const isSameScalar = (a: Json | undefined, b: Json | undefined) =>
  a?.kind === 'scalar' && b?.kind === 'scalar' && a.text === b.text;

const branches = (ignored: readonly Ignored[], ...names: readonly string[]): readonly Ignored[] =>
  ignored.length === 0
    ? ignored
    : ignored.flatMap(({ below }) => names.flatMap(name => below.get(name) ?? []));

function longer(pointer: string, segment: string): string {
  const whole = `${pointer}/${segment}`;
  return whole.length <= LONGEST_POINTER ? whole : pointer;
}
