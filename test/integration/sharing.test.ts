/** The retry budget and ejections are the system's, whatever becomes of workers and controls. */
import { expect } from 'chai';
import { SETTLE } from '../../src/control/sharing.js';
import { HEARING } from '../../src/control/suspects.js';
import { draws } from '../support/draws.js';
import { BEAT, LOOK, partOf, REPORT, SharingWorld, type SharingWorker } from './sharing-world.js';

const terms = { share: 0.2, perSecond: 10, window: 10_000 };
/** From what one worker sees to what another one does: at most. */
const LAG = REPORT + BEAT + LOOK + BEAT;

describe('what workers share', () => {
  const world = (workers: number, controls = 1, about: Partial<typeof terms> = {}) => {
    const made = new SharingWorld(workers, controls, { ...terms, ...about }, draws(1));
    made.pass(SETTLE + 100, 0);
    return made;
  };
  const all = () => true;

  describe('of the retry budget', () => {
    for (const workers of [1, 4, 40]) {
      it(`is no more than one worker would have, among ${String(workers)}, when everything fails`, () => {
        const at = world(workers);
        at.pass(5000, 0.2);
        at.pass(3000, 0.2, all);
        expect(at.most).to.be.within(0.8, 1 + 1e-9);
      });
    }

    it('goes to those that need it, though each begins with little', () => {
      const at = world(20, 1, { perSecond: 1, share: 0 });
      const [needy] = at.workers;
      if (needy === undefined) throw new Error('no worker');
      expect(partOf(needy) * 10, 'attempts').to.equal(0.5);
      at.pass(LAG + REPORT + LOOK + 2 * BEAT, 0.1, worker => worker === needy);
      at.pass(1000, 0.1, worker => worker === needy);
      expect(needy.spent).to.be.at.least(5);
      expect(at.most).to.be.at.most(1 + 1e-9);
      at.pass(60_000, 0);
      expect(
        at.workers.map(partOf).every(part => part > 0.03),
        'all alike later',
      ).to.be.true;
    });

    it('is shared out again when a worker comes, at no moment more than the whole but its first', () => {
      const at = world(4);
      const newcomer = at.join('newcomer', 4);
      at.pass(LAG, 0.1);
      expect(at.parts).to.be.at.most(1 + 1e-9);
      at.pass(3 * LAG, 0.1);
      expect(at.parts).to.be.within(0.9, 1 + 1e-9);
      expect(partOf(newcomer)).to.be.closeTo(0.2, 0.02);
    });

    it('is free again when a worker has died, but for what it has spent', () => {
      const at = world(4);
      const [first] = at.workers;
      if (first === undefined) throw new Error('no worker');
      at.pass(200, 0.1, worker => worker === first);
      at.kill(first);
      at.pass(1000, 0.2, all);
      expect(at.most).to.be.at.most(1 + 1e-9);
      at.pass(60_000, 0);
      expect(at.workers.map(partOf)).to.have.length(3);
      for (const worker of at.workers) expect(partOf(worker)).to.be.closeTo(1 / 3, 0.04);
    });

    it('stays as it was while control is away', () => {
      const at = world(4);
      at.leader = undefined;
      at.pass(2000, 0.2);
      at.pass(2000, 0.2, all);
      expect(at.workers.map(partOf)).to.deep.equal([0.25, 0.25, 0.25, 0.25]);
      expect(at.most).to.be.at.most(1 + 1e-9);
    });

    it('is exceeded by what those have that are cut off from control, and by no more', () => {
      const at = world(4);
      const [cut] = at.workers;
      if (cut === undefined) throw new Error('no worker');
      at.cut(cut);
      at.pass(SETTLE + 1000, 0);
      at.pass(3000, 0.2, all);
      expect(at.most).to.be.within(1, 1.25);
    });

    it('is the same for every control: another goes on where the leader was', () => {
      const at = world(4, 3);
      const [greedy] = at.workers;
      at.pass(500, 0.2, worker => worker === greedy);
      const parts = at.workers.map(partOf);
      at.leader = undefined;
      at.pass(300, 0);
      const [, second] = at.controls;
      at.leader = second;
      at.pass(SETTLE - LOOK, 0);
      for (const [n, worker] of at.workers.entries()) {
        expect(partOf(worker), 'not more, and not much less').to.be.within(
          0.85 * (parts[n] ?? 0),
          parts[n] ?? 0,
        );
      }
      at.pass(3000, 0.2, all);
      expect(at.most).to.be.at.most(1 + 1e-9);
    });
  });

  describe('of servers', () => {
    const isFirst = (_: SharingWorker, port: number) => port === 1;

    it('leaves a server that fails out for all, those too that have not met its failures', () => {
      const at = world(5);
      const [idle, ...busy] = at.workers;
      if (idle === undefined) throw new Error('no worker');
      at.workers.splice(0, 1); // nothing is asked of it, but it is there
      idle.request(at.clock.now(), () => false);
      at.workers.push(idle);
      const began = at.clock.now();
      at.pass(400, 0.3, (worker, port) => worker !== idle && port === 1);
      const own = busy.map(({ outSince }) => outSince.get(1) ?? Infinity).sort((a, b) => a - b);
      const told = idle.outSince.get(1) ?? Infinity;
      expect(told - (own[2] ?? Infinity), 'after the third of five').to.be.at.most(LAG);
      expect(Math.max(...own) - began).to.be.at.most(400);
      expect(idle.fleet.leftOut(at.clock.now())).to.deep.equal([]);
    });

    it('leaves it in for the others where it fails for one worker alone, or for as many as it serves', () => {
      for (const cutOff of [1, 2]) {
        const at = world(4);
        const bad = at.workers.slice(0, cutOff);
        at.pass(20_000, 0.3, (worker, port) => bad.includes(worker) && port === 1);
        for (const worker of at.workers) {
          expect(worker.outSince.has(1), worker.id).to.equal(bad.includes(worker));
        }
      }
    });

    it('takes the word of those that use it, once all had time to say that they do', () => {
      const at = world(6);
      const [a, b, c, ...far] = at.workers;
      if (a === undefined || b === undefined || c === undefined) throw new Error('no worker');
      at.workers.splice(3);
      at.pass(200, 0.3); // three use the servers, and three have servers of their own
      at.workers.push(...far);
      for (const worker of far) worker.request(at.clock.now(), () => false);
      at.pass(10_000, 0);
      c.request(at.clock.now(), () => false);
      const began = at.clock.now();
      while (!c.outSince.has(1) && at.clock.now() < began + 1000) {
        at.pass(1, 0);
        for (const worker of [a, b]) worker.request(at.clock.now(), port => port === 1);
      }
      const own = Math.max(...[a, b].map(({ outSince }) => outSince.get(1) ?? Infinity));
      expect((c.outSince.get(1) ?? Infinity) - own).to.be.at.most(HEARING + LAG + LOOK);
      expect((c.outSince.get(1) ?? Infinity) - began).to.be.at.least(HEARING);
      for (const worker of far) expect(worker.outSince.has(1)).to.be.true;
    });

    it('lets it in for all when it works for most again', () => {
      const at = world(5);
      at.pass(500, 0.3, isFirst);
      expect(at.workers.every(({ outSince }) => outSince.has(1))).to.be.true;
      at.pass(6000, 0.3);
      expect(at.workers.some(({ outSince }) => outSince.has(1))).to.be.false;
    });

    it('changes nothing when another control takes over', () => {
      const at = world(5, 2);
      const fails = isFirst;
      at.pass(500, 0.3, fails);
      const since = at.workers.map(({ outSince }) => outSince.get(1));
      at.leader = at.controls[1];
      at.pass(SETTLE + 500, 0.3, fails);
      expect(at.workers.map(({ outSince }) => outSince.get(1))).to.deep.equal(since);
    });

    it('is told only when something has changed', () => {
      const at = world(5);
      const before = at.told;
      at.pass(10_000, 0.3);
      expect(at.told).to.equal(before);
    });
  });
});
