import { expect } from 'chai';
import fc from 'fast-check';
import { backoff } from '../../../src/kernel/backoff.js';
import { systemClock } from '../../../src/kernel/clock.js';
import {
  codeOf,
  CutoverError,
  errorCodes,
  isErrorCode,
  kindOf,
} from '../../../src/kernel/errors.js';
import { connectionId, isExchangeId, workerId } from '../../../src/kernel/ids.js';
import { isNonEmpty } from '../../../src/kernel/non-empty.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { unreachable } from '../../../src/kernel/unreachable.js';
import { FakeClock } from '../support-clock.js';

describe('backoff', () => {
  const rows = [
    { attempt: 0, chance: 0, wait: 100 }, // the first
    { attempt: 1, chance: 0, wait: 200 }, // doubled
    { attempt: 3, chance: 0, wait: 800 }, // and again
    { attempt: 4, chance: 0, wait: 1000 }, // never more
    { attempt: 5000, chance: 0, wait: 1000 }, // however often
    { attempt: 1, chance: 1, wait: 100 }, // half of it left to chance
    { attempt: 1, chance: 0.5, wait: 150 },
  ];
  for (const { attempt, chance, wait } of rows) {
    it(`is ${wait} before attempt ${attempt}, chance ${chance}`, () => {
      expect(backoff(attempt, { first: 100, most: 1000, chance })).to.equal(wait);
    });
  }

  it('stays between half of its bounds and them', () => {
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat(), chance, (attempt, each) => {
        expect(backoff(attempt, { first: 100, most: 1000, chance: each })).to.be.within(50, 1000);
      }),
    );
  });
});

describe('error codes', () => {
  it('say what the client gets, whose fault it is, and who has seen the request', () => {
    for (const code of errorCodes) {
      const { fault, status, unseen, meaning } = kindOf(code);
      expect(status, code).to.be.within(400, 599);
      if (fault === 'client') expect(unseen, code).to.equal(true, 'refused before it was sent on');
      else expect(status, code).to.be.oneOf([502, 503, 504]);
      expect(meaning, code).not.to.equal('');
    }
  });

  const rows: readonly (readonly [unknown, boolean])[] = [
    ['ERR_SPOOL', true],
    ['ERR_NOBODY_KNOWS', false],
    ['toString', false],
    ['__proto__', false],
    [undefined, false],
    [5, false],
  ];
  for (const [value, isOne] of rows) {
    it(`${isOne ? 'are' : 'are not'} ${String(value)}`, () => {
      expect(isErrorCode(value)).to.equal(isOne);
    });
  }

  it('are those of our errors, and ERR_INTERNAL for whatever else is thrown', () => {
    const cause = new Error('below');
    const error = new CutoverError('ERR_SPOOL', 'disk full', { cause });
    expect([error.name, error.code, error.cause, codeOf(error)]).to.deep.equal([
      'CutoverError',
      'ERR_SPOOL',
      cause,
      'ERR_SPOOL',
    ]);
    expect(error.kind.status).to.equal(503);
    for (const other of [cause, 'text', undefined, { code: 'ERR_SPOOL' }]) {
      expect(codeOf(other)).to.equal('ERR_INTERNAL');
    }
  });
});

describe('ids', () => {
  it('are read from routing ids', () => {
    const routingId = Buffer.from([0, 0x80, 0, 1, 2]);
    expect(connectionId(routingId)).to.equal(0x80000102);
    expect(workerId(routingId)).to.equal('0080000102');
  });

  it('of exchanges are whole numbers above 0', () => {
    for (const value of [1, 2 ** 53 - 1]) expect(isExchangeId(value)).to.equal(true);
    for (const value of [0, -1, 1.5, 2 ** 53, '1', undefined, NaN, 1n]) {
      expect(isExchangeId(value), String(value)).to.equal(false);
    }
  });
});

describe('small things', () => {
  it('know whether a list has a first item', () => {
    expect(isNonEmpty([])).to.equal(false);
    expect(isNonEmpty([undefined])).to.equal(true);
  });

  it('name what was not meant to be possible', () => {
    expect(() => unreachable({ kind: 'new' } as never)).to.throw('{"kind":"new"}');
  });

  it('exit with 1, or as they are told', () => {
    expect(new StartError('why').exitCode).to.equal(1);
    expect(new StartError('why', 2).exitCode).to.equal(2);
  });
});

describe('systemClock', () => {
  it('never goes back', () => {
    const before = systemClock.now();
    expect(systemClock.now()).to.be.at.least(before);
  });

  it('runs a task once, or not when it is cancelled', async () => {
    let cancelled = 0;
    const cancel = systemClock.after(0, () => (cancelled += 1));
    cancel();
    await new Promise<void>(resolve => void systemClock.after(1, resolve));
    expect(cancelled).to.equal(0);
  });

  it('runs a task again and again, until it is cancelled', async () => {
    let runs = 0;
    const alive = systemClock.after(10_000, () => undefined); // `every` keeps no process alive
    await new Promise<void>(resolve => {
      const cancel = systemClock.every(1, () => {
        runs += 1;
        if (runs < 3) return;
        cancel();
        resolve();
      });
    });
    alive();
    expect(runs).to.equal(3);
  });
});

describe('FakeClock', () => {
  it('stands still until it is moved, and runs what falls due in order', () => {
    const clock = new FakeClock();
    const heard: string[] = [];
    const note = (what: string) => () => heard.push(`${what} at ${clock.now()}`);
    clock.after(30, note('c'));
    clock.after(10, () => {
      note('a')();
      clock.after(10, note('b'));
    });
    const cancel = clock.every(25, note('every'));
    clock.after(15, note('never'))();
    expect([clock.waiting, clock.next]).to.deep.equal([3, 10]);
    clock.advance(5);
    expect(heard).to.deep.equal([]);
    clock.advance(45);
    cancel();
    clock.advance(1000);
    expect(heard).to.deep.equal(['a at 10', 'b at 20', 'every at 25', 'c at 30', 'every at 50']);
    expect([clock.now(), clock.next]).to.deep.equal([1050, undefined]);
  });
});
