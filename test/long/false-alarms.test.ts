/**
 * The mirror image of the evaluation: a newer version that is no worse than the older one, under load
 * with all the noise that real applications make, is not taken back.
 */
import { expect } from 'chai';
import type { ShownVersion } from '../../src/control/shown.js';
import { noiseFrom, noisyContainer, type Noise } from '../support/noisy-container.js';
import { Load } from '../support/load.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { spread, upgradable, type Upgradable } from '../support/upgradable.js';

const strategies = {
  INSTANT: { mode: 'INSTANT' },
  SESSION: { mode: 'SESSION', sessionTimeout: 60 },
  // Half of the sessions have moved by the middle of a run.
  GRADUAL: { mode: 'GRADUAL', percentageTransitionPerRequest: 0.125 },
  CONCURRENT: { mode: 'CONCURRENT' },
} as const;
type Mode = keyof typeof strategies;

const RUNS = 5;
/** Before the first upgrade: what is typical is known from them. */
const WARM_UP = 400;
const REQUESTS = 800;
/** Exchanges of a run that are judged, at least. */
const ENOUGH = 100;
/** Each run is allowed to end wrongly one time in 20 million: all of them together one time in a million. */
const FALSE_ALARMS = 5e-8;

/**
 * With no traffic of the older version beside it, a newer one is held against the time before: whatever
 * else the machine begins to do in between would be its fault.
 */
const slower = (mode: Mode) => (mode === 'GRADUAL' || mode === 'CONCURRENT' ? { slower: 3 } : {});

describe('a newer version that is no worse, under noise', function () {
  this.timeout(60_000);
  const seed = Number(process.env['CUTOVER_SEED'] ?? 7919);

  describe('were it worse', () => {
    const stage = stageForEach();

    it('would be taken back: the noise hides no version that fails one request in five', async () => {
      const noise = noiseFrom(stage, seed, { failures: 0.01 });
      const at = await upgradable(stage, [await noisyContainer(stage, 'v1', noise)], {
        monitor: { falseAlarms: FALSE_ALARMS },
      });
      const options = { port: at.port, clients: 8 };
      await Load.start(stage, { ...options, requests: WARM_UP }).finished();
      const worse = await noisyContainer(stage, 'v2', { ...noise, failures: 0.2 });
      await at.api.upgrade('2.0', [worse], strategies.INSTANT);
      await Load.start(stage, { ...options, requests: REQUESTS }).finished();
      await at.cutover.logged('version-changed', { where: ({ what }) => what === 'demoted' });
      const [newest] = await at.api.versions();
      expect(newest).to.include({ state: 'demoted', verdict: 'unhealthy' });
      expect(newest?.because).to.match(/it fails more often/);
    });
  });

  for (const mode of Object.keys(strategies) as Mode[]) {
    describe(`under ${mode}`, () => {
      const standing = stageForAll();
      const passing = stageForEach();
      let at: Upgradable;
      let noise: Noise;
      let name: string;

      before(async () => {
        // Answers that are to agree cannot be drawn to fail on one side only.
        noise = noiseFrom(standing, seed, { failures: mode === 'CONCURRENT' ? 0 : 0.01 });
        name = mode === 'CONCURRENT' ? 'v1' : 'v2';
        at = await upgradable(standing, [await noisyContainer(standing, 'v1', noise)], {
          monitor: { observation: 3600, falseAlarms: FALSE_ALARMS, larger: 3, ...slower(mode) },
        });
        const { port } = at;
        await Load.start(standing, { port, clients: 8, requests: WARM_UP }).finished();
      });

      async function visited(requests: number, prefix: string): Promise<void> {
        const options = { port: at.port, clients: 8, requests, prefix };
        const { failed } = await Load.start(passing, options).finished();
        expect([...failed.keys()].filter(how => how !== '500')).to.deep.equal([]);
      }

      it(`is never taken back in ${RUNS} runs of ${REQUESTS} requests`, async () => {
        const outcomes: ShownVersion[] = [];
        for (let run = 1; run <= RUNS; run += 1) {
          const newer = await noisyContainer(passing, name, noise);
          const id = await at.api.upgrade('2.0', [newer], strategies[mode]);
          await spread(at, run * 2);
          await visited(REQUESTS, `run${run}`);
          let [shown] = await at.api.versions();
          // What was seen last is still on its way; and a doubt at its beginning may have held GRADUAL.
          for (let more = 1; more <= 10 && (shown?.exchanges ?? 0) <= ENOUGH; more += 1) {
            await visited(REQUESTS / 4, `run${run}more${more}`);
            [shown] = await at.api.versions();
          }
          if (shown !== undefined) outcomes.push(shown);
          expect(await at.api.remove(id)).to.equal(202);
          await spread(at, run * 2 + 1);
        }
        const alarms = outcomes.filter(({ verdict }) => verdict === 'unhealthy');
        const told = outcomes.map(({ verdict, exchanges }) => `${verdict} (${exchanges})`);
        console.log(
          `        ${mode}, seed ${seed}: ${alarms.length} of ${RUNS} false alarms: ${told.join(', ')}`,
        );
        for (const { exchanges = 0 } of outcomes) {
          expect(exchanges, 'exchanges that were judged').to.be.above(ENOUGH);
        }
        expect(alarms.map(({ because }) => because)).to.deep.equal([]);
        expect(outcomes.map(({ state }) => state)).to.deep.equal(
          Array.from({ length: RUNS }, () => 'running'),
        );
      });
    });
  }
});
