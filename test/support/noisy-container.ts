/** Containers as real ones are: mostly quick, sometimes slow, sometimes wrong, now and then standing still. */
import type { RequestListener } from 'node:http';
import { httpContainer } from './containers.js';
import type { ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';

export interface Noise {
  /** In [0, 1). */
  readonly chance: () => number;
  /** Share of answers that are 500. */
  readonly failures: number;
  /** Milliseconds until the present stall ends; 0: there is none. */
  readonly stalled: () => number;
}

/** How long, in milliseconds, and how often everything stands still, as for a collection of garbage. */
const STALL = 80;
const STALL_EVERY = 1_000;

/** Share and length of slow answers; the others take 1 to 5 ms. */
const SLOW = { share: 0.02, ms: 40 };

/** Bytes of the smallest and largest body. Logarithmically uniform between: most are small. */
const SIZES = { least: 10, most: 50_000 };

/** The same noise for every container that gets it, from one series of chances. */
export function noiseFrom(
  stage: Stage,
  seed: number,
  { failures }: Pick<Noise, 'failures'>,
): Noise {
  let until = 0;
  const timer = setInterval(() => (until = performance.now() + STALL), STALL_EVERY);
  stage.atEnd(() => clearInterval(timer));
  return {
    chance: chances(seed),
    failures,
    stalled: () => Math.max(0, until - performance.now()),
  };
}

export async function noisyContainer(
  stage: Stage,
  name: string,
  noise: Noise,
): Promise<ServerAddress> {
  return httpContainer(stage, noisy(name, noise));
}

const noisy =
  (name: string, { chance, failures, stalled }: Noise): RequestListener =>
  ({ headers }, response) => {
    const delay = chance() < SLOW.share ? SLOW.ms : 1 + 4 * chance();
    const fails = chance() < failures;
    const body = fails ? 'sorry' : bodyFor(String(headers['x-id']), name);
    const answer = () =>
      response.writeHead(fails ? 500 : 200, { 'content-length': body.length }).end(body);
    // What falls due in a stall, and what comes in it, is answered when it ends.
    setTimeout(() => {
      const left = stalled();
      if (left > 0) setTimeout(answer, left);
      else answer();
    }, delay);
  };

/** Its size follows from the id, so that two versions that agree agree in it. */
function bodyFor(id: string, name: string): string {
  let hash = 0;
  for (const letter of id) hash = Math.imul(hash, 31) + letter.charCodeAt(0);
  const [chance] = [chances(hash)()];
  const size = Math.round(SIZES.least * (SIZES.most / SIZES.least) ** chance);
  return `${id} ${name} `.padEnd(size, '.');
}

/**
 * Numbers in [0, 1) that look drawn, the same for each seed: 32 bits of a counter, mixed by the finisher
 * of MurmurHash3.
 */
function chances(seed: number): () => number {
  let counter = seed | 0;
  return () => {
    counter = (counter + 0x9e3779b9) | 0;
    let mixed = counter;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}
