import { expect } from 'chai';
import { after, atFirst, atMost, worth, type Block } from '../../../src/verdict/bet.js';
import {
  MOST_EXAMPLES,
  emptyDossier,
  filed,
  mergedDossiers,
  redacted,
} from '../../../src/verdict/dossier.js';
import { newTally } from '../../../src/verdict/tally.js';
import {
  isDoubtful,
  noEvidence,
  strengths,
  verdict,
  weighed,
} from '../../../src/verdict/verdict.js';
import { failing, many, ok, policy, tallyOf } from './seen.js';

const none = newTally();
const kindAfter = (newer = none, stable = none, typical = none, times = 1) => {
  let evidence = noEvidence;
  for (let n = 0; n < times; n++) evidence = weighed(evidence, { newer, stable, typical }, policy);
  return verdict(evidence, policy).kind;
};

describe('a verdict', () => {
  for (const [name, kind, expected] of [
    ['no traffic', kindAfter(none, none, none, 100), 'inconclusive'],
    ['stable traffic only', kindAfter(none, many(10, ok), none, 100), 'inconclusive'],
    ['fewer than the minimum sample, all failed', kindAfter(many(29, failing)), 'inconclusive'],
    [
      'good exchanges with nothing to compare with',
      kindAfter(many(10, ok), none, none, 300),
      'inconclusive',
    ],
    [
      'few good exchanges beside good ones',
      kindAfter(many(10, ok), many(10, ok), none, 5),
      'inconclusive',
    ],
    [
      'many good exchanges beside good ones',
      kindAfter(many(10, ok), many(10, ok), none, 100),
      'healthy',
    ],
    [
      'many good exchanges like the typical ones',
      kindAfter(many(10, ok), none, many(1000, ok), 100),
      'healthy',
    ],
    [
      'failures beside equal failures (it is no worse)',
      kindAfter(many(10, failing), many(10, failing), none, 50),
      'healthy',
    ],
    [
      'failures beside good exchanges',
      kindAfter(many(10, failing), many(10, ok), none, 3),
      'unhealthy',
    ],
    [
      'failures where the stable version failed before',
      kindAfter(many(10, failing), none, many(300, failing), 50),
      'inconclusive',
    ],
    [
      'answers that are all different within one block',
      kindAfter(many(30, { ...ok, outcome: 'different' })),
      'unhealthy',
    ],
    [
      'good exchanges after rescued ones',
      kindAfter(many(10, ok), many(10, { ...failing, attempt: 2 }), none, 90),
      'inconclusive',
    ],
  ] as const) {
    it(`is ${expected} after ${name}`, () => {
      expect(kind).to.equal(expected);
    });
  }

  it('names the signal', () => {
    const seen = { newer: many(30, failing), stable: many(30, ok), typical: none };
    const evidence = weighed(noEvidence, seen, policy);
    expect(verdict(evidence, policy)).to.deep.equal({
      kind: 'unhealthy',
      because: 'it fails more often',
      signal: 'failures',
    });
  });

  it('survives a journey as JSON, with the evidence that it is drawn from', () => {
    const seen = { newer: many(5, failing), stable: many(5, ok), typical: none };
    const evidence = weighed(noEvidence, seen, policy);
    const arrived = JSON.parse(JSON.stringify(evidence)) as typeof evidence;
    expect(JSON.parse(JSON.stringify(noEvidence))).to.deep.equal(noEvidence);
    expect(arrived).to.deep.equal(evidence);
    expect(verdict(weighed(arrived, seen, policy), policy)).to.deep.equal(
      verdict(weighed(evidence, seen, policy), policy),
    );
  });

  it('judges the delay of each route by what is typical of that route', () => {
    const report = { ...ok, route: 'GET /report', delay: 1000 };
    const typical = tallyOf(...Array.from({ length: 300 }, (_, n) => (n % 10 === 0 ? report : ok)));
    expect(kindAfter(many(10, report), none, typical, 20)).to.not.equal('unhealthy');
    expect(kindAfter(many(10, { ...ok, delay: 1000 }), none, typical, 20)).to.equal('unhealthy');
  });
});

describe('a bet', () => {
  const guess = { newer: 0.5, stable: 0.05 };
  /** What the capital is worth on average after one block, by every way that it can turn out. */
  const average = (
    shares: { newer: number; stable: number },
    of: (newer: number, stable: number) => Block,
  ) => {
    let sum = 0;
    for (let newer = 0; newer <= 3; newer++) {
      for (let stable = 0; stable <= 2; stable++) {
        const chance = binomial(3, newer, shares.newer) * binomial(2, stable, shares.stable);
        sum += chance * Math.exp(worth(after(atFirst, of(newer, stable), guess)));
      }
    }
    return sum;
  };
  const beside =
    (more: number) =>
    (newer: number, stable: number): Block => ({
      kind: 'beside',
      newer: { exchanges: 3, marked: newer },
      stable: { exchanges: 2, marked: stable },
      more,
    });

  it('gains nothing on average while the null hypothesis holds, exactly', () => {
    for (const more of [0, 0.01, 0.2, -0.1]) {
      for (let stable = 0; stable <= 1; stable += 0.05) {
        for (let newer = 0; newer <= stable + more && newer <= 1; newer += 0.05) {
          expect(average({ newer, stable }, beside(more))).to.be.at.most(1 + 1e-9);
        }
      }
    }
  });

  it('gains on average where the newer version is worse', () => {
    expect(average({ newer: 0.6, stable: 0.01 }, beside(0.01))).to.be.above(1.2);
  });

  it('bounds a share by the size of its sample', () => {
    expect(atMost({ exchanges: 0, marked: 0 }, 0.05)).to.equal(1);
    expect(atMost({ exchanges: 10, marked: 10 }, 0.05)).to.be.closeTo(1, 1e-9);
    // None of n: the bound p solves (1 - p)^n = doubt.
    expect(atMost({ exchanges: 100, marked: 0 }, 0.05)).to.be.closeTo(1 - 0.05 ** 0.01, 1e-9);
  });
});

describe('doubt', () => {
  const after = (...blocks: readonly (readonly [bad: number, good: number])[]) =>
    blocks.reduce((evidence, [bad, good]) => {
      const newer = tallyOf(
        ...Array.from({ length: bad }, () => failing),
        ...Array.from({ length: good }, () => ok),
      );
      return weighed(evidence, { newer, stable: many(30, ok), typical: none }, policy);
    }, noEvidence);
  const good = Array.from({ length: 100 }, () => [0, 10] as const);

  it('is there before a version is unhealthy, also before the minimum sample', () => {
    expect(isDoubtful(noEvidence, policy)).to.equal(false);
    expect(isDoubtful(after([0, 30]), policy)).to.equal(false);
    const evidence = after([3, 0]);
    expect(isDoubtful(evidence, policy)).to.equal(true);
    expect(verdict(evidence, policy).kind).to.equal('inconclusive');
  });

  it('passes with good exchanges, as unhealthiness does not', () => {
    expect(isDoubtful(after([3, 0], ...good), policy)).to.equal(false);
    const unhealthy = after([30, 0], ...good);
    expect(verdict(unhealthy, policy).kind).to.equal('unhealthy');
  });

  it('needs more evidence where fewer false alarms are wanted', () => {
    const strict = { ...policy, falseAlarms: 1e-9 };
    expect(isDoubtful(after([3, 0]), strict)).to.equal(false);
  });

  it('tells how strong the evidence of each signal is, and how strong it must be', () => {
    const { failures, delay } = strengths(after([30, 0]), policy);
    expect(failures.needed).to.be.closeTo(8 / policy.falseAlarms, 1e-6);
    expect(failures.strength).to.be.above(failures.needed);
    expect(delay.strength).to.equal(1);
  });

  it('tells no strength that JSON does not know', () => {
    const blocks = Array.from({ length: 40 }, () => [100, 0] as const);
    const strict = { ...policy, falseAlarms: Number.MIN_VALUE };
    const { failures } = strengths(after(...blocks), strict);
    expect(failures).to.deep.equal({ strength: Number.MAX_VALUE, needed: Number.MAX_VALUE });
  });
});

describe('a dossier', () => {
  const example = { ...failing, at: 0, method: 'GET', target: '/shop?card=1234' };

  it('keeps the newest examples of each signal, redacted', () => {
    let dossier = emptyDossier;
    for (let at = 0; at < 30; at++) dossier = filed(dossier, 'delay', { ...example, at });
    expect(dossier.delay.map(({ at }) => at)).to.deep.equal(
      Array.from({ length: MOST_EXAMPLES }, (_, n) => 29 - n),
    );
    expect(dossier.delay[0]?.target).to.equal('/shop?…');
    expect(dossier.failures).to.deep.equal([]);
  });

  it('merges to the newest of both', () => {
    const [a, b] = [1, 2].map(at => filed(emptyDossier, 'size', { ...example, at }));
    expect(
      mergedDossiers(a ?? emptyDossier, b ?? emptyDossier).size.map(({ at }) => at),
    ).to.deep.equal([2, 1]);
  });

  for (const [target, kept] of [
    ['/a/b', '/a/b'],
    ['/a?x=1&y=2', '/a?…'],
    ['/a#secret?x', '/a'],
    ['http://user:word@host/a?x', 'http://host/a?…'],
    ['//user:word@host/a', '//host/a'],
    ['/mail/a@b', '/mail/a@b'],
  ] as const) {
    it(`redacts ${target}`, () => {
      expect(redacted(target)).to.equal(kept);
    });
  }
});

function binomial(n: number, k: number, share: number): number {
  const ways = [1, n, (n * (n - 1)) / 2, (n * (n - 1) * (n - 2)) / 6][k] ?? 0;
  return ways * share ** k * (1 - share) ** (n - k);
}
