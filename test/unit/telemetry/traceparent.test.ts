import { expect } from 'chai';
import fc from 'fast-check';
import {
  hasParentSpan,
  newTraceparent,
  parsedTraceparent,
  traceparentOf,
} from '../../../src/telemetry/traceparent.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const seed = Date.now();

const digits = (count: number) =>
  fc
    .array(
      fc.nat({ max: 15 }).map(each => each.toString(16)),
      { minLength: count, maxLength: count },
    )
    .map(each => each.join(''));

describe(`traceparent (seed ${seed})`, () => {
  const good: readonly (readonly [value: string, isSampled: boolean, meaning: string])[] = [
    [`00-${TRACE}-${PARENT}-00`, false, 'not sampled'],
    [`00-${TRACE}-${PARENT}-01`, true, 'sampled'],
    [`00-${TRACE}-${PARENT}-ff`, true, 'with flags that mean nothing yet'],
    [`00-${TRACE}-${PARENT}-02`, false, 'with no flag but one that means nothing yet'],
    [`cc-${TRACE}-${PARENT}-01`, true, 'of a later version'],
    [`cc-${TRACE}-${PARENT}-01-what.the-future.brings`, true, 'of a later version that says more'],
  ];
  for (const [value, isSampled, meaning] of good) {
    it(`is understood ${meaning}`, () => {
      const expected = { traceId: TRACE, parentId: PARENT, isSampled };
      expect(parsedTraceparent(value)).to.deep.equal(expected);
    });
  }

  const bad: readonly (readonly [value: string, meaning: string])[] = [
    ['', 'empty'],
    [`ff-${TRACE}-${PARENT}-01`, 'of the version that cannot be'],
    [`0-${TRACE}-${PARENT}-01`, 'with a version too short'],
    [`00-${TRACE}-${PARENT}-1`, 'with flags too short'],
    [`00-${TRACE}-${PARENT}-01-`, 'of version 00 with a dash behind it'],
    [`00-${TRACE}-${PARENT}-01-00`, 'of version 00 that says more'],
    [`cc-${TRACE}-${PARENT}-01.`, 'of a later version with something else than a dash'],
    [`cc-${TRACE}-${PARENT}-01-${'x'.repeat(300)}`, 'longer than anybody needs'],
    [`00-${TRACE.slice(1)}-${PARENT}-01`, 'with a trace too short'],
    [`00-${TRACE}-${PARENT}0-01`, 'with a parent too long'],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`, 'in capitals'],
    [`00-${'0'.repeat(32)}-${PARENT}-01`, 'of no trace'],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, 'of no parent'],
    [`00-${TRACE.slice(1)}g-${PARENT}-01`, 'with a digit that is none'],
    [` 00-${TRACE}-${PARENT}-01`, 'with a blank'],
    [`00_${TRACE}_${PARENT}_01`, 'with other dashes'],
    [`00-${TRACE}-${PARENT}-01\n`, 'with a line end'],
  ];
  for (const [value, meaning] of bad) {
    it(`is not understood ${meaning}`, () => {
      expect(parsedTraceparent(value)).to.equal(undefined);
    });
  }

  it('is understood as it is written', () => {
    fc.assert(
      fc.property(digits(32), digits(16), fc.boolean(), (traceId, parentId, isSampled) => {
        fc.pre(/[^0]/.test(traceId) && /[^0]/.test(parentId));
        const parent = { traceId, parentId, isSampled };
        expect(parsedTraceparent(traceparentOf(parent))).to.deep.equal(parent);
      }),
      { seed },
    );
  });

  it('is refused, or of valid parts, whatever it is', () => {
    const near = fc.tuple(digits(2), digits(32), digits(16), digits(2)).chain(parts => {
      const text = parts.join('-');
      return fc
        .tuple(fc.nat({ max: text.length }), fc.string({ maxLength: 2 }))
        .map(([at, other]) => text.slice(0, at) + other + text.slice(at + other.length));
    });
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), value => {
        const parent = parsedTraceparent(value);
        if (parent === undefined) return;
        expect(parent.traceId).to.match(/^(?!0{32})[\da-f]{32}$/);
        expect(parent.parentId).to.match(/^(?!0{16})[\da-f]{16}$/);
      }),
      { seed, numRuns: 1000 },
    );
  });

  it('of a trace that begins here is told from one that has a parent', () => {
    const made = parsedTraceparent(newTraceparent(TRACE));
    expect(made).to.deep.include({ traceId: TRACE, isSampled: false });
    expect(hasParentSpan(made!)).to.equal(false);
    expect(hasParentSpan(parsedTraceparent(`00-${TRACE}-${PARENT}-01`)!)).to.equal(true);
  });
});
