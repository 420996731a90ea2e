import { expect } from 'chai';
import { systemClock } from '../../../src/kernel/clock.js';
import { OwnProcess } from '../../../src/measures/own-process.js';

/** Keeps the event loop waiting. */
function stall(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const passed = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

describe('what a process measures of itself', () => {
  let own: OwnProcess;
  beforeEach(() => (own = new OwnProcess(systemClock)));
  afterEach(() => own.close());

  it('is its memory, its processor time and its beginning', () => {
    const { memory, heap, cpu, startedAt } = own.read();
    expect(memory)
      .to.be.above(heap)
      .and.below(2 ** 40);
    expect(heap).to.be.above(1_000_000);
    expect(cpu).to.be.above(0);
    expect(Date.now() / 1000 - process.uptime() - startedAt).to.be.closeTo(0, 1);
  });

  it('tells of each period what it took in it', () => {
    own.read();
    const used = process.cpuUsage();
    stall(50);
    const { period, load, cpu } = own.read();
    const { user, system } = process.cpuUsage(used);
    expect(period).to.be.at.least(50);
    expect((load * period) / 1000)
      .to.be.above(0)
      .and.at.most((user + system) / 1e6 + 0.001);
    expect(own.read().cpu).to.be.at.least(cpu);
  });

  it('sees a stall right behind a reading, which one monitor alone would miss', async () => {
    await passed(60); // both monitors have looked once
    own.read();
    stall(200);
    await passed(60);
    const seen = [own.read(), own.read()].map(({ eventLoopDelay }) => eventLoopDelay.max);
    expect(Math.max(...seen)).to.be.at.least(0.15);
  });

  it('forgets a stall two readings later', async () => {
    await passed(60);
    stall(200);
    await passed(60);
    expect(own.read().eventLoopDelay.max).to.be.at.least(0.15);
    expect(own.read().eventLoopDelay.max).to.be.at.least(0.15);
    const { p50, p99, max } = own.read().eventLoopDelay;
    expect([p50, p99, max]).to.deep.equal([0, 0, 0]);
  });
});
