import { expect } from 'chai';
import { Measuring } from '../../../src/announcements/measuring.js';
import type { Measures } from '../../../src/wire/measures.js';
import { frontendMeasures } from '../control/measured.js';
import { FakeClock } from '../support-clock.js';

describe('measuring', () => {
  let clock: FakeClock;
  let told: Measures[];
  let taken: number;
  let link: { isLinked: boolean; measured: (measures: Measures) => boolean };
  let measuring: Measuring;

  beforeEach(() => {
    clock = new FakeClock();
    told = [];
    taken = 0;
    link = { isLinked: true, measured: measures => told.push(measures) > 0 };
    measuring = new Measuring({
      link,
      clock,
      take: () => frontendMeasures({ accepted: (taken += 1) }),
    });
  });
  afterEach(() => measuring.close());

  it('tells control once a second, with the time since the last', () => {
    clock.advance(999);
    expect(told).to.deep.equal([]);
    clock.advance(2001);
    expect(told.map(({ process }) => process.period)).to.deep.equal([1000, 1000, 1000]);
  });

  it('takes nothing while control is away, so that nothing is forgotten', () => {
    link.isLinked = false;
    clock.advance(10_000);
    expect([told.length, taken]).to.deep.equal([0, 0]);
    link.isLinked = true;
    clock.advance(1000);
    expect(told.map(({ process }) => process.period)).to.deep.equal([11_000]);
  });

  it('tells the last when it ends, and nothing more', () => {
    clock.advance(1500);
    measuring.close();
    expect(told).to.have.length(2);
    clock.advance(5000);
    expect(told).to.have.length(2);
    expect(clock.waiting).to.equal(0);
    link.isLinked = false;
  });
});
