/**
 * The thesis' evaluation: a newer version that fails in each of its ways, under every strategy and under
 * load. No client may see an error, the version is taken back, and how soon is told.
 */
import type { RequestListener } from 'node:http';
import { expect } from 'chai';
import { counting, expectedAnswer, httpContainer } from '../support/containers.js';
import { Load, type Tally } from '../support/load.js';
import { refusing, type ServerAddress } from '../support/scripted-container.js';
import { stageForAll, stageForEach, type Stage } from '../support/stage.js';
import { upgradable, type Upgradable } from '../support/upgradable.js';

const strategies = {
  INSTANT: { mode: 'INSTANT' },
  SESSION: { mode: 'SESSION', sessionTimeout: 60 },
  GRADUAL: { mode: 'GRADUAL', percentageTransitionPerRequest: 0.5 },
  CONCURRENT: { mode: 'CONCURRENT' },
} as const;
type Mode = keyof typeof strategies;

const idOf = (fields: Readonly<Record<string, unknown>>) => String(fields['x-id']);
/** Milliseconds. */
const STABLE_DELAY = 2;
const SLOW = 500;

/** Ways to fail, each as a container of the newer version. Undefined: nobody listens. */
const faults: Readonly<Record<string, RequestListener | undefined>> = {
  'refuses connections': undefined,
  'crashes in the middle of an answer': ({ headers }, response) => {
    const text = expectedAnswer(idOf(headers), 'v2');
    response.writeHead(200, { 'content-length': text.length });
    response.write(text.slice(0, 8), () => response.socket?.resetAndDestroy());
  },
  hangs: () => undefined,
  'answers 500': (_, response) => response.writeHead(500).end('sorry'),
  'answers 200 with wrong bodies': ({ headers }, response) => {
    const text = expectedAnswer(idOf(headers), 'v2').replace(/^./, 'X');
    response.writeHead(200, { 'content-length': text.length }).end(text);
  },
  'becomes slow': ({ headers }, response) => {
    const text = expectedAnswer(idOf(headers), 'v1');
    setTimeout(() => {
      response.writeHead(200, { 'content-length': text.length }).end(text);
    }, SLOW);
  },
  'answers with wrong sizes': ({ headers }, response) => {
    const text = expectedAnswer(idOf(headers), 'v2') + '#'.repeat(20_000);
    response.writeHead(200, { 'content-length': text.length }).end(text);
  },
};

/** What only a comparison can tell, and what clients of the others see until it is noticed. */
const byComparisonOnly = 'answers 200 with wrong bodies';
const seenByClients = ['answers with wrong sizes'];

async function newer(stage: Stage, fault: string): Promise<ServerAddress> {
  const listener = faults[fault];
  return listener === undefined ? refusing(stage) : httpContainer(stage, listener);
}

/** Nothing was lost, and nothing that ends in an error. */
const errors = ({ sent, answered, wrong, failed }: Tally) => ({
  lost: sent - answered - wrong.length,
  failed: [...failed].map(([how, ids]) => `${how}: ${ids.length}`),
});
const none = { lost: 0, failed: [] };

const demotion = ({ cutover }: Upgradable, since: number) =>
  cutover.logged('version-changed', {
    since,
    where: ({ what }) => what === 'demoted',
    ms: 30_000,
  });

describe('a newer version that fails', () => {
  for (const mode of Object.keys(strategies) as Mode[]) {
    describe(`under ${mode}`, () => {
      const standing = stageForAll();
      const passing = stageForEach();
      let at: Upgradable;
      let good: readonly ServerAddress[];

      before(async () => {
        // Under CONCURRENT the newer version's answers must be the same.
        const stable = () =>
          httpContainer(standing, counting({ name: 'v1', delay: STABLE_DELAY }).listener);
        const name = mode === 'CONCURRENT' ? 'v1' : 'v2';
        const alike = () =>
          httpContainer(standing, counting({ name, delay: STABLE_DELAY }).listener);
        good = [await alike(), await alike()];
        at = await upgradable(standing, [await stable()], {
          rescue: { patience: 0.8 },
          monitor: { observation: 3600, slower: 3, larger: 3 },
        });
        await Load.start(standing, { port: at.port, clients: 8, requests: 400 }).finished();
      });

      for (const fault of Object.keys(faults)) {
        if (fault === byComparisonOnly && mode !== 'CONCURRENT') continue;

        it(`is taken back when it ${fault}, and no client sees an error`, async () => {
          const load = Load.start(passing, { port: at.port, clients: 8 });
          await load.more(100);
          const since = at.cutover.lines.length;
          const [start, before] = [performance.now(), load.tally.sent];
          const id = await at.api.upgrade('2.0', [await newer(passing, fault)], strategies[mode]);
          const { because } = await demotion(at, since);
          const [ms, requests] = [performance.now() - start, load.tally.sent - before];
          await load.more(100);
          const tally = await load.stop();
          console.log(
            `        ${mode}, ${fault}: after ${requests} requests, ${Math.round(ms)} ms: ${String(because)}`,
          );
          expect(errors(tally)).to.deep.equal(none);
          if (mode === 'CONCURRENT' || !seenByClients.includes(fault)) {
            expect(tally.wrong).to.deep.equal([]);
          }
          expect(await at.api.remove(id)).to.equal(202);
        });
      }

      for (const fault of Object.keys(faults)) {
        if (fault === byComparisonOnly && mode !== 'CONCURRENT') continue;

        for (const bad of [1, 2]) {
          it(`serves on when ${bad} of 3 servers is one that ${fault}, and no client sees an error`, async () => {
            const broken = Array.from({ length: bad }, () => newer(passing, fault));
            const servers = [...(await Promise.all(broken)), ...good.slice(0, 3 - bad)];
            const load = Load.start(passing, { port: at.port, clients: 8 });
            await load.more(50);
            const since = at.cutover.lines.length;
            const id = await at.api.upgrade('2.0', servers, strategies[mode]);
            await load.more(400);
            // One bad server is left out; more of them are the version's failure.
            const isVersions = bad === 2 && fault === 'answers 500';
            if (isVersions) await demotion(at, since);
            const tally = await load.stop();
            expect(errors(tally)).to.deep.equal(none);
            if (mode === 'CONCURRENT' || !seenByClients.includes(fault)) {
              expect(tally.wrong).to.deep.equal([]);
            }
            const [newest] = await at.api.versions();
            const [state, because] = [String(newest?.state), newest?.because ?? ''];
            console.log(`        ${mode}, ${bad} of 3 servers, ${fault}: ${state} ${because}`);
            if (bad === 1 && fault === 'answers 500') {
              expect(newest?.version).to.equal('2.0');
              // On a busy machine it may be found slow, against the time before: that is another matter.
              if (!because.includes('slow')) expect(state, because).to.equal('running');
              expect(because).not.to.contain('fails');
            }
            expect(await at.api.remove(id)).to.equal(202);
          });
        }
      }
    });
  }
});
