import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { Turns } from '../../../src/kernel/turns.js';
import { FakeClock } from '../support-clock.js';

describe('turns', () => {
  let clock: FakeClock;
  let begun: number;
  /** Ends the turn that is under way. */
  let end: (isDone: boolean) => void;
  let turns: Turns;

  const task = () => {
    begun += 1;
    return new Promise<boolean>(resolve => (end = resolve));
  };

  beforeEach(() => {
    clock = new FakeClock();
    begun = 0;
    turns = new Turns(clock, task, 1000);
  });

  async function ended(isDone = true): Promise<void> {
    end(isDone);
    await setImmediate();
  }

  it('are taken once more, however often one was wanted meanwhile', async () => {
    for (let n = 0; n < 3; n += 1) turns.want();
    expect(begun).to.equal(1);
    for (let n = 0; n < 3; n += 1) turns.want();
    await ended();
    expect(begun).to.equal(2);
    await ended();
    expect(begun).to.equal(2);
    turns.want();
    expect(begun).to.equal(3);
  });

  it('are taken again after a pause where one has failed', async () => {
    turns.want();
    await ended(false);
    clock.advance(999);
    expect(begun).to.equal(1);
    clock.advance(1);
    expect(begun).to.equal(2);
    await ended();
    expect(clock.waiting).to.equal(0);
  });

  it('end with the one that is under way', async () => {
    turns.want();
    turns.want();
    let isClosed = false;
    const closing = turns.close().then(() => (isClosed = true));
    await setImmediate();
    expect(isClosed).to.equal(false);
    await ended();
    await closing;
    turns.want();
    expect(begun).to.equal(1);
  });

  it('are not taken again once they have ended', async () => {
    turns.want();
    await ended(false);
    await turns.close();
    clock.advance(1000);
    expect(begun).to.equal(1);
    expect(clock.waiting).to.equal(0);
  });
});
