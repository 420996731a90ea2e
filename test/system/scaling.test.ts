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

    const one = await throughput();
    await busyWorker(stage, home, THINKING);
    const two = await throughput();
    await busyWorker(stage, home, THINKING);
    const three = await throughput();
    // Answers come in bunches: a few of the time before may have been counted in.
    expect(one, 'one worker cannot do more').to.be.below(1.1 * (1000 / THINKING));
    expect(two / one, 'two workers against one').to.be.above(1.3);
    expect(three / one, 'three workers against one').to.be.above(1.6);

    expect(await first.stop()).to.deep.equal({ code: 0, signal: null });
    await cutover.logged('worker-left');
    expect(await throughput()).to.be.below(three);
    expect(unharmed(await load.stop())).to.deep.equal(nothing);
    expect(Math.max(...times.values())).to.equal(1);
  });
});
