import { expect } from 'chai';
import type { Pair } from '../../../src/verdict/pair.js';
import { Observer } from '../../../workers/observation/observer.js';
import { pairOf } from '../verdict/pair-of.js';
import { ok } from '../verdict/seen.js';

const different = { ...ok, outcome: 'different' } as const;

describe('Observer of answers that differ', () => {
  let observer: Observer;
  let made: number;
  const see = (at: number) => {
    const pair = (): Pair => pairOf(String(++made));
    observer.observed(different, { method: 'GET', target: '/', at, pair });
  };
  const reported = () =>
    (observer.takeReport()?.versions ?? []).flatMap(({ examples }) =>
      examples.map(({ example }) => example.pair?.newer.body),
    );

  beforeEach(() => {
    observer = new Observer();
    made = 0;
  });

  it('keeps pairs of the first few, and makes no more than it keeps', () => {
    for (let n = 0; n < 8; n++) see(1000);
    expect(reported()).to.deep.equal(['1', '2', '3', '4', ...Array<undefined>(4).fill(undefined)]);
    expect(made).to.equal(4);
  });

  it('keeps one more each second, however many differ', () => {
    for (let ms = 0; ms < 10_000; ms += 10) {
      see(5000 + ms);
      reported();
    }
    expect(made).to.be.within(12, 14);
  });

  it('goes on when the clock was set back', () => {
    for (let n = 0; n < 5; n++) see(100_000);
    reported();
    see(10_000);
    see(11_500);
    expect([reported(), made]).to.deep.equal([[undefined, '5'], 5]);
  });

  it('makes none where there is no room for its example', () => {
    for (let n = 0; n < 10; n++)
      observer.observed(different, { method: 'GET', target: '/', at: 0 });
    see(0);
    expect(made).to.equal(0);
  });

  it('keeps those of a report that could not be sent', () => {
    see(0);
    const report = observer.takeReport();
    if (report !== undefined) observer.giveBack(report);
    expect(reported()).to.deep.equal(['1']);
  });
});
