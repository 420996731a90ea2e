/**
 * Coverage-guided fuzzing: an input that runs through our code as none before is kept, and what is kept is
 * changed, cut and joined further. From one seed it goes the same way.
 */
import { BlockCoverage } from './block-coverage.js';
import { wholeDraws } from './draws.js';

export interface Fuzzing {
  /** Throws if something does not hold. */
  readonly judge: (bytes: Buffer) => void;
  readonly begin: readonly Buffer[];
  /** What stands between other bytes in this format. Latin-1. */
  readonly words: readonly string[];
  readonly seed: number;
  readonly runs: number;
  /** Monotonic milliseconds: after it no further run begins. Default: whenever the runs are done. */
  readonly until?: number;
  readonly mostBytes: number;
  /** Whose coverage counts, by the URL of the module. */
  readonly isOurs: (url: string) => boolean;
  /**
   * Default: true. For a process of its own only: V8's profiler has been seen to fall over in one that had run
   * hundreds of other tests before.
   */
  readonly guided?: boolean;
}

export interface Found {
  readonly runs: number;
  /** Characters of our code that were run through. */
  readonly reached: number;
  /** Each of them ran through something that those before it did not. */
  readonly kept: readonly Buffer[];
}

/** To ask for the coverage costs as much as a hundred runs. */
const BATCH = 256;

type Draw = (below: number) => number;

/** Throws what `judge` throws, with a short input that makes it do so. */
export function fuzzed(about: Fuzzing): Found {
  const { judge, begin, seed, runs, until = Infinity } = about;
  const draw = wholeDraws(seed);
  const coverage = about.guided === false ? undefined : new BlockCoverage(about.isOurs);
  const kept: Buffer[] = coverage === undefined ? [...begin] : [];
  const run = (bytes: Buffer) => judged(judge, bytes, seed);
  /** Runs them all, and again in halves where something new was among them. */
  const explore = (inputs: readonly Buffer[]): void => {
    inputs.forEach(run);
    const blocks = coverage?.unknown() ?? [];
    const [only, ...more] = inputs;
    if (only === undefined || blocks.length === 0) return;
    if (more.length === 0) {
      kept.push(only);
      coverage?.learn(blocks);
    } else {
      explore(inputs.slice(0, inputs.length >> 1));
      explore(inputs.slice(inputs.length >> 1));
    }
  };
  let done = begin.length;
  const { stackTraceLimit } = Error;
  // Most inputs are refused by an error, and to find the lines of its stack costs more than all the rest.
  Error.stackTraceLimit = 0;
  try {
    explore(begin);
    for (; done < runs && performance.now() < until; done += BATCH) {
      explore(Array.from({ length: BATCH }, () => changed(kept, about, draw)));
    }
    return { runs: done, reached: coverage?.size ?? 0, kept };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    coverage?.stop();
  }
}

function judged(judge: Fuzzing['judge'], bytes: Buffer, seed: number): void {
  try {
    judge(bytes);
  } catch (cause) {
    const short = shortened(bytes, judge);
    const shown = `${JSON.stringify(short.toString('latin1'))} (seed ${seed})`;
    throw new Error(`does not hold for ${shown}: ${String(cause)}`, { cause });
  }
}

/** Leaves out whatever can be left out so that it still fails; the pieces become smaller. */
function shortened(bytes: Buffer, judge: Fuzzing['judge']): Buffer {
  let shortest = bytes;
  for (let size = bytes.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= shortest.length;) {
      const without = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + size)]);
      if (fails(judge, without)) shortest = without;
      else at += size;
    }
  }
  return shortest;
}

function fails(judge: Fuzzing['judge'], bytes: Buffer): boolean {
  try {
    judge(bytes);
    return false;
  } catch {
    return true;
  }
}

const ODD_BYTES = Buffer.from('\0\t\n\v\f\r "#,-/0:;=@_\x7f\x80\xa0\xff', 'latin1');

/** One of those kept, changed in one to four places. */
function changed(kept: readonly Buffer[], { words, mostBytes }: Fuzzing, draw: Draw): Buffer {
  // The newest half is drawn as often as all: what was found last leads furthest.
  const from = draw(2) === 0 ? kept.length >> 1 : 0;
  let bytes = kept[from + draw(kept.length - from)] ?? Buffer.alloc(0);
  for (let times = 1 + draw(4); times > 0; times -= 1) {
    const at = draw(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    const length = Math.min(after.length, 1 << draw(7));
    bytes = change(
      before,
      after,
      length,
      () => Buffer.from(words[draw(words.length)] ?? '', 'latin1'),
      kept,
      draw,
    );
  }
  return Buffer.from(bytes.subarray(0, mostBytes));
}

function change(
  before: Buffer,
  after: Buffer,
  length: number,
  word: () => Buffer,
  kept: readonly Buffer[],
  draw: Draw,
): Buffer {
  const other = kept[draw(kept.length)] ?? before;
  switch (draw(9)) {
    case 0: // a byte becomes another
      return Buffer.concat([before, Buffer.from([draw(256)]), after.subarray(1)]);
    case 1: // a byte becomes one that matters
      return Buffer.concat([before, oddByte(draw), after.subarray(1)]);
    case 2: // one that matters comes between
      return Buffer.concat([before, oddByte(draw), after]);
    case 3: // a word comes between
      return Buffer.concat([before, word(), after]);
    case 4: // a word in place of something
      return Buffer.concat([before, word(), after.subarray(length)]);
    case 5: // something is left out
      return Buffer.concat([before, after.subarray(length)]);
    case 6: // something is there twice
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 7: // the beginning of one, the end of another
      return Buffer.concat([before, other.subarray(draw(other.length + 1))]);
    default: // one behind another
      return Buffer.concat([before, other, after]);
  }
}

const oddByte = (draw: Draw) => {
  const at = draw(ODD_BYTES.length);
  return ODD_BYTES.subarray(at, at + 1);
};
