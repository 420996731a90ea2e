/** Our reader of answers beside llhttp. */
import { expect } from 'chai';
import fc from 'fast-check';
import { latin1 } from './arrivals.js';
import { judgeAnswer } from './fuzz-answers.js';
import { nearlyAnswers } from './fuzz-grammar.js';

describe('answers, read by us and by llhttp', () => {
  it('mean the same to both, whatever a grammar of mistakes makes of them', () => {
    const counts = { accepted: 0, refused: 0 };
    const asked = fc.constantFrom('GET', 'HEAD', 'POST');
    fc.assert(
      fc.property(nearlyAnswers, asked, fc.boolean(), (text, method, closes) => {
        const { messages, refused } = judgeAnswer(latin1(text), method, closes);
        counts.accepted += messages.filter(({ isComplete }) => isComplete).length;
        counts.refused += refused === undefined ? 0 : 1;
      }),
      { numRuns: 1500 },
    );
    expect(counts.accepted).to.be.greaterThan(300);
    expect(counts.refused).to.be.greaterThan(300);
  });
});
