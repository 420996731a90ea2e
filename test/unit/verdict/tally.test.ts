import { expect } from 'chai';
import fc from 'fast-check';
import {
  ACCURACY,
  quantile,
  valuesAbove,
  valuesBelow,
  valuesIn,
} from '../../../src/verdict/histogram.js';
import {
  MOST_ROUTES,
  OTHER_ROUTES,
  addTally,
  merged,
  newTally,
} from '../../../src/verdict/tally.js';
import { routeOf, type Observation } from '../../../src/wire/observation.js';
import { failing, many, ok, tallyOf } from './seen.js';

const observations = fc.array(
  fc.record({
    version: fc.constant(ok.version),
    server: fc.constant(ok.server),
    route: fc.integer({ min: 0, max: 60 }).map(n => `GET /${String(n)}`),
    outcome: fc.constantFrom('ok', 'failed', 'different'),
    code: fc.constantFrom(undefined, 'ERR_SERVER_RESET'),
    status: fc.constant(undefined),
    delay: fc.double({ min: 0, max: 1e6, noNaN: true }),
    bytes: fc.option(fc.nat(), { nil: undefined }),
    attempt: fc.integer({ min: 1, max: 2 }),
  }) satisfies fc.Arbitrary<Observation>,
  { maxLength: 60 },
);

describe('a tally', () => {
  it('counts failures by kind, and differences', () => {
    const tally = tallyOf(
      ok,
      failing,
      { ...failing, code: 'ERR_SERVER_RESET' },
      { ...ok, outcome: 'different' },
    );
    expect(tally).to.include({ exchanges: 4, failed: 2, different: 1, repeats: 0 });
    expect(tally.failedBy).to.deep.equal({ '5xx': 1, ERR_SERVER_RESET: 1 });
    expect(valuesIn(tally.delays)).to.equal(2);
    expect(tally.routes['GET /shop']).to.include({ exchanges: 4, failed: 2 });
  });

  it('weighs no attempt after the first', () => {
    expect(tallyOf({ ...failing, attempt: 2 })).to.deep.equal({ ...newTally(), repeats: 1 });
  });

  it('knows no size of an answer whose size is unknown', () => {
    expect(tallyOf({ ...ok, bytes: undefined }).sizes).to.deep.equal({});
  });

  it('keeps a bounded number of routes and loses no exchange', () => {
    const tally = tallyOf(
      ...Array.from({ length: 500 }, (_, n) => ({ ...ok, route: `GET /${String(n)}` })),
    );
    expect(Object.keys(tally.routes)).to.have.lengthOf(MOST_ROUTES + 1);
    expect(tally.routes[OTHER_ROUTES]?.exchanges).to.equal(500 - MOST_ROUTES);
  });

  it('merges in any order and grouping, as if one had counted everything', () => {
    fc.assert(
      fc.property(observations, observations, observations, (a, b, c) => {
        const [left, middle, right] = [tallyOf(...a), tallyOf(...b), tallyOf(...c)];
        const all = merged(merged(left, middle), right);
        expect(merged(left, merged(middle, right))).to.deep.equal(all);
        expect(merged(right, merged(middle, left))).to.deep.equal(all);
        expect(tallyOf(...a, ...b, ...c)).to.deep.equal(all);
      }),
      { numRuns: 40 },
    );
  });

  it('grows by what another has seen, and shares nothing with it', () => {
    const [own, more] = [tallyOf(ok), tallyOf(failing, ok)];
    addTally(own, more);
    expect(own).to.deep.equal(tallyOf(ok, failing, ok));
    addTally(own, own);
    expect(own).to.deep.equal(tallyOf(ok, failing, ok, ok, failing, ok));
    expect(more).to.deep.equal(tallyOf(failing, ok));
  });

  it('takes a name that every object has for a route like any other', () => {
    const odd = { ...ok, route: 'constructor' };
    expect(tallyOf(odd).routes).to.have.own.property('constructor');
    expect(merged(tallyOf(odd), tallyOf(odd)).routes.constructor).to.include({ exchanges: 2 });
  });

  it('is the same after a journey as JSON', () => {
    const tally = tallyOf(ok, failing, { ...ok, delay: 0, bytes: 0 });
    expect(JSON.parse(JSON.stringify(tally))).to.deep.equal(tally);
  });
});

describe('a histogram', () => {
  it('reads quantiles within its accuracy', () => {
    const tally = tallyOf(...Array.from({ length: 1000 }, (_, n) => ({ ...ok, delay: n + 1 })));
    for (const q of [0.01, 0.05, 0.5, 0.95, 1]) {
      expect(quantile(tally.delays, q)).to.be.closeTo(1000 * q, 1000 * q * ACCURACY * 1.001);
    }
  });

  it('has no quantile of nothing, and 0 of nothing but zeros', () => {
    expect(quantile({}, 0.5)).to.equal(undefined);
    expect(quantile(many(3, { ...ok, bytes: 0 }).sizes, 0.5)).to.equal(0);
  });

  it('counts what is above and below a value', () => {
    const { delays } = tallyOf(...[1, 10, 100, Infinity, NaN].map(delay => ({ ...ok, delay })));
    expect([valuesBelow(delays, 10), valuesAbove(delays, 10)]).to.deep.equal([2, 2]);
  });
});

describe('routeOf', () => {
  for (const [target, route] of [
    ['/', 'GET /'],
    ['/shop/1?key=secret', 'GET /shop'],
    ['/?key=secret', 'GET /'],
    ['http://user:word@host/shop/1', 'GET /shop'],
    ['*', 'GET /'],
    [`/${'x'.repeat(100)}`, `GET /${'x'.repeat(59)}`],
  ] as const) {
    it(`makes ${route} of ${target.slice(0, 30)}`, () => {
      expect(routeOf('GET', target)).to.equal(route);
    });
  }
});
