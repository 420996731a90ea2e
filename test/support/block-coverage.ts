/**
 * Which blocks of our code are run through, as V8 itself counts them: what guides the fuzzing of the readers.
 * (Jazzer.js would do it with libFuzzer, but its binary wants a newer libc than Debian 12 has.)
 */
import { Session, type Profiler } from 'node:inspector';

/** Which characters of one function are run through: 1 each. */
interface Painted {
  readonly key: string;
  readonly characters: Uint8Array;
}

export class BlockCoverage {
  readonly #session = new Session();
  readonly #isOurs: (url: string) => boolean;
  readonly #known = new Map<string, Uint8Array>();

  /** `isOurs`: by the URL of the module. */
  constructor(isOurs: (url: string) => boolean) {
    this.#isOurs = isOurs;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** How many characters of code were ever learnt. */
  get size(): number {
    let sum = 0;
    for (const characters of this.#known.values()) for (const each of characters) sum += each;
    return sum;
  }

  /** What was run through since this was last asked, and never learnt. */
  unknown(): readonly Painted[] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Taken;
    return result
      .filter(({ url }) => this.#isOurs(url))
      .flatMap(({ scriptId, functions }) => functions.map(each => painted(scriptId, each)))
      .filter(each => this.#isNew(each));
  }

  learn(all: readonly Painted[]): void {
    for (const { key, characters } of all) {
      const known = this.#known.get(key);
      if (known === undefined) this.#known.set(key, characters);
      else characters.forEach((each, at) => (known[at] ||= each));
    }
  }

  stop(): void {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  #isNew({ key, characters }: Painted): boolean {
    const known = this.#known.get(key);
    return characters.some((each, at) => each === 1 && known?.[at] !== 1);
  }

  /** The session answers before the call returns: it is in this very thread. */
  #post(method: string, parameters?: object): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (failure, result) => {
      if (failure !== null) throw failure;
      answer = result;
    });
    return answer;
  }
}

type Taken = Profiler.TakePreciseCoverageReturnType;

/**
 * The ranges of a function lie in each other, the outer ones first. Neighbours that were run through equally
 * often are one range, so that ranges of two runs cannot be compared; characters can.
 */
function painted(script: string, { ranges }: Profiler.FunctionCoverage): Painted {
  const [{ startOffset: begin, endOffset: end } = { startOffset: 0, endOffset: 0 }] = ranges;
  const characters = new Uint8Array(end - begin);
  for (const { startOffset, endOffset, count } of ranges) {
    characters.fill(count > 0 ? 1 : 0, startOffset - begin, endOffset - begin);
  }
  return { key: `${script}:${begin}-${end}`, characters };
}
