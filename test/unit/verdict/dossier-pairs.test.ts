import { expect } from 'chai';
import { emptyDossier, filed, MOST_EXAMPLES, MOST_PAIRS } from '../../../src/verdict/dossier.js';
import { pairOf } from './pair-of.js';
import { failing } from './seen.js';

describe('a dossier with pairs of answers', () => {
  const example = { ...failing, at: 0, method: 'GET', target: '/' };
  const filedAll =
    (from: number, to: number, pair?: ReturnType<typeof pairOf>) =>
    (dossier = emptyDossier) => {
      let filled = dossier;
      for (let at = from; at < to; at++) {
        filled = filed(filled, 'answers', { ...example, at, ...(pair && { pair }) });
      }
      return filled;
    };

  it('keeps them though many examples without one come later', () => {
    const { answers } = filedAll(10, 100)(filedAll(0, 3, pairOf('x'))());
    expect(answers).to.have.length(MOST_EXAMPLES);
    expect(answers.map(({ at, pair }) => [at, pair !== undefined])).to.deep.equal([
      ...Array.from({ length: MOST_EXAMPLES - 3 }, (_, n) => [99 - n, false]),
      [2, true],
      [1, true],
      [0, true],
    ]);
  });

  it('keeps the newest few of them, beside the newest others', () => {
    const { answers } = filedAll(20, 40, pairOf('x'))(filedAll(0, 20)());
    expect(answers.filter(({ pair }) => pair !== undefined).map(({ at }) => at)).to.deep.equal(
      Array.from({ length: MOST_PAIRS }, (_, n) => 39 - n),
    );
    expect(answers).to.have.length(MOST_EXAMPLES);
  });
});
