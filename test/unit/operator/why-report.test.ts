import { expect } from 'chai';
import type { ShownExample, ShownTally, Why } from '../../../src/operator/shown-version.js';
import { whyReport } from '../../../src/operator/why-report.js';

const tally = (about: Partial<ShownTally>): ShownTally => ({
  exchanges: 0,
  failed: 0,
  failedBy: {},
  different: 0,
  repeats: 0,
  ...about,
});

const example = (about: Partial<ShownExample>): ShownExample => ({
  at: 1_700_000_000_000,
  server: '127.0.0.1:9102',
  method: 'GET',
  target: '/a?…',
  status: 500,
  delay: 12.5,
  ...about,
});

const why = (about: Partial<Why>): Why => ({
  id: 'bbbb',
  version: '2.0',
  verdict: 'unhealthy',
  because: 'it fails more often',
  signal: 'failures',
  since: '2026-01-01T00:00:00.000Z',
  until: '2026-01-01T00:01:00.000Z',
  newer: tally({}),
  stable: tally({}),
  typical: tally({}),
  evidence: {},
  examples: {},
  ...about,
});

describe('the report of why', () => {
  it('shows the verdict, three columns of numbers, the evidence and examples', () => {
    const report = whyReport(
      why({
        newer: tally({
          exchanges: 120,
          failed: 12,
          failedBy: { '5xx': 9, ERR_SERVER_RESET: 3 },
          repeats: 1,
          delay: { p50: 1.234, p95: 20, p99: 30 },
        }),
        stable: tally({ exchanges: 1000, failed: 1, failedBy: { '5xx': 1 } }),
        typical: tally({ exchanges: 5000, different: 5, size: { p50: 1, p95: 2, p99: 3 } }),
        evidence: { failures: { strength: 8.123, needed: 6.68 } },
        examples: { failures: [example({ bytes: 20 })] },
      }),
    );
    expect(report).to.equal(
      [
        'version 2.0 (bbbb) is unhealthy: it fails more often (failures)',
        'seen from 2026-01-01T00:00:00.000Z to 2026-01-01T00:01:00.000Z',
        '',
        '                    NEWER                   STABLE     TYPICAL',
        'exchanges           120                     1000       5000',
        'failed              12 (10 %)               1 (0.1 %)  0',
        '  5xx               9                       1          0',
        '  ERR_SERVER_RESET  3                       0          0',
        'other answers       0                       0          5 (0.1 %)',
        'rescues             1                       0          0',
        'delay, ms           1.23, 95 % 20, 99 % 30  -          -',
        'size, bytes         -                       -          1, 95 % 2, 99 % 3',
        '',
        'EVIDENCE THAT IT IS WORSE  STRENGTH  NEEDED',
        'failures                   8.12      6.68',
        '',
        'EXAMPLES  AT                        REQUEST   ANSWER                       SERVER',
        'failures  2023-11-14T22:13:20.000Z  GET /a?…  500 after 12.5 ms, 20 bytes  127.0.0.1:9102',
        '',
      ].join('\n'),
    );
  });

  it('leaves out what there is not: a signal, evidence, examples', () => {
    const report = whyReport(why({ verdict: 'inconclusive', because: 'x', signal: undefined }));
    expect(report).to.contain('is inconclusive: x\n');
    expect(report).not.to.match(/EVIDENCE|EXAMPLES/);
  });

  it('shows examples of the signal that decided first, then the newest, ten at most', () => {
    const many = Array.from({ length: 8 }, (_, n) =>
      example({ at: 9000 + n, target: `/slow${n}` }),
    );
    const failed = [example({ at: 2, target: '/old' }), example({ at: 3, target: '/new' })];
    const report = whyReport(why({ examples: { delay: many, failures: [...failed, ...failed] } }));
    const targets = [...report.matchAll(/GET (\/\w+)/g)].map(([, target]) => target);
    expect(targets).to.deep.equal([
      ...['/new', '/new', '/old', '/old'],
      ...['/slow7', '/slow6', '/slow5', '/slow4', '/slow3', '/slow2'],
    ]);
  });

  it('says of an exchange without an answer what went wrong, or that there was none', () => {
    const of = (about: Partial<ShownExample>) =>
      whyReport(why({ examples: { failures: [example({ status: undefined, ...about })] } }));
    expect(of({ code: 'ERR_SERVER_RESET' })).to.contain('ERR_SERVER_RESET after 12.5 ms');
    expect(of({})).to.contain('none after 12.5 ms');
  });

  it('says where an answer differed, and that there is more', () => {
    const of = (where: readonly string[]) =>
      whyReport(why({ examples: { answers: [example({ pair: { where: [...where] } })] } }));
    expect(of(['/price'])).to.contain('500 after 12.5 ms, differs: /price  127');
    expect(of(['status', '/a', '/b', '/c', '/d'])).to.contain('differs: status /a /b 2 more  127');
  });

  it('shows the examples that say where they differ before newer ones that do not', () => {
    const plain = Array.from({ length: 12 }, (_, n) => example({ at: 100 + n, target: '/plain' }));
    const told = [1, 2].map(at => example({ at, target: `/told${at}`, pair: { where: ['/a'] } }));
    const report = whyReport(why({ examples: { answers: [...plain, ...told] } }));
    const targets = [...report.matchAll(/GET (\/\w+)/g)].map(([, target]) => target);
    expect(targets.slice(0, 3)).to.deep.equal(['/told2', '/told1', '/plain']);
    expect(targets).to.have.length(10);
  });

  it('survives a time that no calendar has, and lets no control character through', () => {
    const strange = example({ at: 1e300, target: '/\u001b[2J' });
    const report = whyReport(why({ because: 'a\u009bb', examples: { failures: [strange] } }));
    expect(report)
      .to.match(/failures {2}- /)
      .and.to.contain('GET /?[2J')
      .and.to.contain('a?b');
  });
});
