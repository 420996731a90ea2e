import { expect } from 'chai';
import { Ledger, noFaults, ways, type Outcome } from './ledger.js';

const safe = { isSafe: true, at: 1 };
const unsafe = { isSafe: false, at: 1 };
const answered: Outcome = { kind: 'answered', server: 'a' };
const by = (server: string, id = 'one') => ({ id, server, manner: 'serve' });

describe('faults: the ledger', () => {
  it('finds nothing in a request that one container did, and whose answer came', () => {
    const ledger = new Ledger();
    ledger.sent('one', unsafe);
    ledger.executed(by('a'));
    ledger.ended('one', answered, 2);
    expect(ledger.faults).to.deep.equal(noFaults);
    expect(ledger.failed).to.deep.equal([]);
    expect(ledger.counts).to.deep.equal({ sent: 1, answered: 1, executions: 1 });
  });

  it('calls lost what nothing was ever heard of, done or not', () => {
    const ledger = new Ledger();
    ledger.sent('one', unsafe);
    ledger.sent('two', safe);
    ledger.executed(by('a'));
    expect(ledger.faults).to.deep.equal({ ...noFaults, lost: ['one', 'two'] });
  });

  const repetitions = [
    [unsafe, ['a'], []],
    [unsafe, ['a', 'a'], ['one']],
    [unsafe, ['a', 'b'], ['one']],
    [safe, ['a', 'b', 'a'], []],
  ] as const;
  for (const [sent, servers, doubled] of repetitions) {
    const what = `${sent.isSafe ? 'safe' : 'unsafe'}, begun by ${servers.join(', ')}`;
    it(`calls doubled only what must not be done twice: ${what}`, () => {
      const ledger = new Ledger();
      ledger.sent('one', sent);
      for (const server of servers) ledger.executed(by(server));
      ledger.ended('one', answered, 2);
      expect(ledger.faults.doubled).to.deep.equal(doubled);
    });
  }

  it('calls doubled what the client was told has failed, too', () => {
    const ledger = new Ledger();
    ledger.sent('one', unsafe);
    ledger.executed(by('a'));
    ledger.executed(by('b'));
    ledger.ended('one', { kind: 'refused', status: 502 }, 2);
    expect(ledger.faults.doubled).to.deep.equal(['one']);
  });

  it('calls wrong what nobody answered so, or nobody at all', () => {
    const ledger = new Ledger();
    for (const id of ['one', 'two', 'three']) ledger.sent(id, safe);
    ledger.executed(by('a', 'one'));
    ledger.ended('one', { kind: 'wrong', text: 'of somebody else' }, 2);
    ledger.executed(by('b', 'two'));
    ledger.ended('two', answered, 2); // a did not
    ledger.ended('three', answered, 2); // nobody did
    expect(ledger.faults.wrong).to.deep.equal(['one', 'two', 'three']);
  });

  it('holds a 503 against whoever did the request all the same', () => {
    const ledger = new Ledger();
    for (const [id, sent] of Object.entries({ one: unsafe, two: unsafe, three: safe })) {
      ledger.sent(id, sent);
      ledger.ended(id, { kind: 'refused', status: 503 }, 2);
    }
    ledger.executed(by('a', 'two'));
    ledger.executed(by('a', 'three')); // perhaps by a worker that died before the queue was full
    expect(ledger.faults).to.deep.equal({ ...noFaults, denied: ['two'] });
  });

  it('tells failures apart by how they ended, when, and under whose hands', () => {
    const ledger = new Ledger();
    const outcomes: Record<string, Outcome> = {
      one: { kind: 'refused', status: 502 },
      two: { kind: 'broken', code: 'ECONNRESET' },
      three: { kind: 'cut' },
      four: { kind: 'endless' },
      five: { kind: 'refused', status: 502 },
    };
    for (const [id, outcome] of Object.entries(outcomes)) {
      ledger.sent(id, safe);
      ledger.ended(id, outcome, 5);
    }
    ledger.executed({ id: 'one', server: 'a', manner: 'hang' });
    expect(ways(ledger.failed)).to.deep.equal({ '502': 2, broken: 1, cut: 1, endless: 1 });
    expect(ledger.failed[0]).to.deep.equal({
      id: 'one',
      isSafe: true,
      how: '502',
      code: undefined,
      from: 1,
      until: 5,
      begun: ['a hang'],
    });
    expect(ledger.failed[1]).to.include({ how: 'broken', code: 'ECONNRESET' });
    expect(ledger.faults).to.deep.equal(noFaults);
  });

  it('is not fooled by a book that is kept badly', () => {
    const ledger = new Ledger();
    ledger.sent('one', safe);
    ledger.ended('one', answered, 2);
    expect(() => ledger.sent('one', safe)).to.throw('sent before');
    expect(() => ledger.ended('one', answered, 3)).to.throw('ended twice');
    expect(() => ledger.ended('two', answered, 3)).to.throw('never sent');
    expect(ledger.executed(by('a', 'two')), 'of another ledger').to.be.false;
  });
});
