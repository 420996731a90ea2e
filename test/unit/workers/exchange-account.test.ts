import { expect } from 'chai';
import type { Account } from '../../../src/wire/account.js';
import { accountOf } from '../../../workers/account.js';
import type { Attempt } from '../../../workers/attempt.js';
import { FakeServer, versionOf } from './stand.js';

const attempt = (version: string, number: number) =>
  ({
    version: versionOf('v', version),
    server: new FakeServer('s:1'),
    number,
  }) as unknown as Attempt;

describe('the account of an exchange', () => {
  const admitted = { strategy: 'GRADUAL', session: 'kept' } as const;

  it('tells who has answered', () => {
    const accepted = attempt('2.0', 1);
    const told = accountOf(
      admitted,
      { last: accepted, attempts: 1 },
      { accepted, compared: 'agreed' },
    );
    const expected: Account = ['2.0', 'GRADUAL', 's:1', 1, false, 'agreed', 'kept'];
    expect(told).to.deep.equal(expected);
  });

  it('tells of a rescue, also where an earlier answer was the best there was', () => {
    const [first, second] = [attempt('2.0', 1), attempt('1.0', 2)];
    const asking = { last: second, attempts: 2 };
    const of = (accepted: Attempt) =>
      accountOf(admitted, asking, { accepted, compared: undefined });
    expect(of(second).slice(0, 5)).to.deep.equal(['1.0', 'GRADUAL', 's:1', 2, true]);
    expect(of(first).slice(0, 5)).to.deep.equal(['2.0', 'GRADUAL', 's:1', 2, false]);
  });

  it('tells who was asked last where nobody has answered, and nothing where nobody was asked', () => {
    const none = { accepted: undefined, compared: undefined };
    const last = attempt('1.0', 3);
    expect(accountOf(admitted, { last, attempts: 3 }, none).slice(0, 5)).to.deep.equal([
      '1.0',
      'GRADUAL',
      's:1',
      3,
      false,
    ]);
    const unknown = { strategy: undefined, session: undefined };
    expect(accountOf(unknown, { last: undefined, attempts: 0 }, none)).to.deep.equal([
      '',
      '',
      '',
      0,
      false,
      '',
      '',
    ]);
  });

  it('has room for any number of a version', () => {
    const accepted = attempt('1'.repeat(1000), 1);
    const [version] = accountOf(
      admitted,
      { last: accepted, attempts: 1 },
      { accepted, compared: undefined },
    );
    expect(version).to.have.length(256);
  });
});
