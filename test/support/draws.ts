/** Draws in [0, 1), the same for the same seed (a 32-bit xorshift: Marsaglia, 2003). */
export function draws(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The same as whole numbers from 0, below the one that is given. */
export function wholeDraws(seed: number): (below: number) => number {
  const draw = draws(seed);
  return below => Math.floor(draw() * below);
}
