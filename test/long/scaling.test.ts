import { expect } from 'chai';
import { busyWorker } from '../support/busy-worker.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { configFor, frontend, homeFor } from '../support/processes.js';
import { stageForEach } from '../support/stage.js';

/** Milliseconds that the strategy of a worker stands still at each request. */
const THINKING = 10;

describe('system: scaling', () => {
  const stage = stageForEach();

  it('serves more when workers come, with traffic flowing, and loses nothing when they go', async function () {
    this.timeout(60_000);
    const { listener, times } = counting({ name: 'a' });
    const home = await homeFor(stage, {});
    const device = { frontends: [`ipc://${home.folder}/device`] };
    await home.write(configFor([await httpContainer(stage, listener)], { device }));
    const { cutover, port } = await frontend(stage, home);

    const first = await busyWorker(stage, home, THINKING);
    const load = Load.start(stage, { port, clients: 32, method: 'POST', body: 'x' });
    /** Answers a second. */
    const throughput = async () => {
      await load.more(40); // what was on its way belongs to the time before
      const begin = performance.now();
      await load.more(200);
      return (200 * 1000) / (performance.now() - begin);
    };

    /** The best of three: what else the machine does makes it less, never more. */
    const best = async (enough: number) => {
      let most = 0;
      for (let tries = 0; tries < 3 && most <= enough; tries += 1) {
        most = Math.max(most, await throughput());
      }
      return most;
    };
    /** What so many workers cannot exceed: of the answers, 31 may have been thought out before. */
    const mostOf = (workers: number) => 1.2 * workers * (1000 / THINKING);

    const one = await throughput();
    await busyWorker(stage, home, THINKING);
    const two = await best(1.3 * one);
    await busyWorker(stage, home, THINKING);
    const three = await best(1.6 * one);
    expect(one, 'one worker cannot do more').to.be.below(mostOf(1));
    expect(two / one, 'two workers against one').to.be.above(1.3);
    expect(three / one, 'three workers against one').to.be.above(1.6);

    expect(await first.stop()).to.deep.equal({ code: 0, signal: null });
    await cutover.logged('worker-left');
    expect(await throughput(), 'the two that are left').to.be.below(mostOf(2));
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(Math.max(...times.values())).to.equal(1);
  });
});
