import { expect } from 'chai';
import { Inbox } from '../../../src/control/inbox.js';
import { MOST_PAIRS } from '../../../src/verdict/dossier.js';
import { newTally } from '../../../src/verdict/tally.js';
import type { SignalExample } from '../../../src/wire/report.js';
import { pairOf } from '../verdict/pair-of.js';
import { ok } from '../verdict/seen.js';

describe('an inbox with pairs of answers', () => {
  const example = (at: number, body?: string): SignalExample => ({
    signal: 'answers',
    example: {
      ...ok,
      outcome: 'different',
      at,
      method: 'GET',
      target: '/',
      ...(body !== undefined && { pair: pairOf(body) }),
    },
  });
  const report = (examples: readonly SignalExample[]) => ({
    version: ok.version,
    counted: 0,
    tally: newTally(),
    examples,
    sessions: [],
  });

  it('keeps them though many workers report many examples in one look', () => {
    const inbox = new Inbox();
    inbox.put(report([example(0, 'first')]));
    for (let n = 1; n < 20; n++) {
      inbox.put(report(Array.from({ length: 10 }, (_, at) => example(10 * n + at))));
    }
    const { examples } = inbox.take()(ok.version);
    expect(examples).to.have.length(40);
    const pairs = examples.flatMap(each => each.example.pair ?? []);
    expect(pairs.map(({ newer }) => newer.body)).to.deep.equal(['first']);
  });

  it('is bounded though all of them have one', () => {
    const inbox = new Inbox();
    for (let n = 0; n < 100; n++) inbox.put(report([example(n, String(n))]));
    const pairs = inbox
      .take()(ok.version)
      .examples.flatMap(each => each.example.pair ?? []);
    expect(pairs.length).to.be.at.most(40);
    const last = pairs.slice(-MOST_PAIRS).map(({ newer }) => newer.body);
    expect(last).to.deep.equal(['95', '96', '97', '98', '99']);
  });
});
