/** Servers that come and go all the time, while most of what is under way is large: spooled, sent in parts, and sent again. */
import { expect } from 'chai';
import { draws } from '../support/draws.js';
import { stageForEach } from '../support/stage.js';
import { noFaults, ways } from './ledger.js';
import { get, post, put, upload } from './traffic.js';
import { WORKERS, World } from './world.js';

const SEED = 11;
const TIMES = 60;
/** Requests while a server is away, and until the other one goes. */
const AWAY = 20;
const BACK = 60;

describe(`servers that flicker under large uploads (seed ${SEED})`, function () {
  this.timeout(120_000);
  const stage = stageForEach();

  /** What is not safe to repeat may fail where its server, or its worker, is lost; nothing else may. */
  async function flickers(meanwhile: (at: World, time: number) => Promise<() => Promise<void>>) {
    const at = await World.begin(stage);
    const mix = [upload, upload, put, get, post];
    const { traffic, ledger } = at.load({ prefix: 'flicker', chance: draws(SEED), mix });
    for (let time = 0; time < TIMES; time += 1) {
      const settled = await meanwhile(at, time);
      const container = at.stable[time % at.stable.length]!;
      await container.tell('refuse');
      await traffic.moreOrLate(AWAY);
      await container.tell('serve');
      await traffic.moreOrLate(BACK);
      await settled();
    }
    await at.finish({ traffic, ledger });
    expect(ledger.faults).to.deep.equal(noFaults);
    expect(ways(ledger.failed.filter(({ isSafe }) => isSafe))).to.deep.equal({});
  }

  const nothing = () => Promise.resolve();

  it('fail no request that is safe to repeat', () => flickers(() => Promise.resolve(nothing)));

  it('nor do they while workers are replaced one after another', () =>
    flickers((at, time) =>
      time % 6 === 0
        ? at.end(`worker-${1 + ((time / 6) % WORKERS)}`, time % 12 === 0 ? 'SIGTERM' : 'SIGKILL')
        : Promise.resolve(nothing),
    ));
});
