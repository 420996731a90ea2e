import { env } from 'node:process';
import { expect } from 'chai';
import { describeInNamespaces, type Heal } from '../support/namespaces.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { draws } from '../support/draws.js';
import { SiteLoad } from './site-load.js';
import { Site, WORKERS, type Machine } from './site.js';

/** For hours rather than for seconds: NETWORK_STEPS=5000. */
const STEPS = Number(env['NETWORK_STEPS'] ?? 8);
const SEED = Number(env['NETWORK_SEED'] ?? 1);
const AGAIN = `NETWORK_SEED=${SEED} NETWORK_STEPS=${STEPS}`;

/** Faults that stand at a time, at most. */
const MOST_FAULTS = 3;
/** Milliseconds that a step may take, with whatever has to be given up and found again. */
const STEP = 30_000;

describeInNamespaces(`network: a random walk over its faults (${AGAIN})`, () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let site: Site;

  before(async () => {
    site = await Site.open(whole);
  });

  it('spares one worker and one server: no read fails, and all agree in the end', async function () {
    this.timeout(60_000 + STEPS * STEP);
    const chance = draws(SEED);
    const one = <Item>(items: readonly Item[]): Item => items[Math.floor(chance() * items.length)]!;
    const worker = one(WORKERS);
    const server = one(['old-1', 'old-2'] as const);
    const { net } = site;

    const cuts: Readonly<Record<string, (a: Machine, b: Machine) => Promise<Heal>>> = {
      partition: (a, b) => net.partition(a, b),
      deaf: (a, b) => net.deaf(a, b),
      'deaf to': (a, b) => net.deaf(b, a),
      reset: (a, b) => net.reset(a, b),
    };
    /** The other worker reaches the frontend and the other server, and so does this one if it is reached. */
    const fault = async (): Promise<string> => {
      const ends: readonly (readonly [Machine, Machine])[] = [
        ['frontend', worker],
        [one(WORKERS), server],
        ['control', one(['frontend', ...WORKERS])],
      ];
      const [a, b] = one(ends);
      const machine = one([worker, server, 'control'] as const);
      const kind = one([...Object.keys(cuts), 'unplug', 'loss']);
      const cut = cuts[kind];
      if (cut !== undefined) {
        await cut(a, b);
        return `${kind} ${a} ${b}`;
      }
      if (kind === 'unplug') await net.unplug(machine);
      else await net.loss(machine, 0.3);
      return `${kind} ${machine}`;
    };

    const walked: string[] = [];
    const deployed: string[] = [];
    const load = new SiteLoad(stage, site);
    try {
      for (let step = 1; step <= STEPS; step += 1) {
        await load.more(30);
        for (let faults = Math.ceil(chance() * MOST_FAULTS); faults > 0; faults -= 1) {
          walked.push(await fault());
          await load.more(Math.ceil(chance() * 100));
        }
        if (chance() < 0.5) {
          walked.push('change');
          const old = deployed.shift();
          if (old === undefined)
            deployed.push(await site.api.deploy(`${step + 1}.0`, site.serverOf('new')));
          else expect(await site.api.remove(old)).to.equal(202);
        }
        // Often the next fault comes before all have found each other again.
        if (chance() < 0.6) walked.push('heal');
        else continue;
        await net.heal();
        if (chance() < 0.5) continue;
        walked.push('agree');
        await site.agrees();
      }
      walked.push('the end');
      await net.heal();
      await site.agrees();
      await load.more(30);
      await load.passes();
    } catch (cause) {
      throw new Error(`${String(cause)}\nafter ${walked.join(', ')}\nagain: ${AGAIN}`, { cause });
    }
  });
});
