/** Each fault alone, while requests of all kinds are under way: what it costs, and what it never may. */
import { expect } from 'chai';
import { draws } from '../support/draws.js';
import { Stage } from '../support/stage.js';
import { faults, type Fault, type TargetKind } from './faults.js';
import { noFaults, ways, type Failed, type Ledger } from './ledger.js';
import { World } from './world.js';

const SEED = 7;

/** Requests before a fault, under it, and after it. */
const BEFORE = 60;
const UNDER = 120;
const AFTER = 120;

/** In turn: a server that was left out for one fault could not show the next. */
const targets: Readonly<Record<TargetKind, readonly [string, string]>> = {
  frontend: ['frontend-1', 'frontend-2'],
  worker: ['worker-1', 'worker-2'],
  control: ['control', 'control'],
  stable: ['a', 'b'],
  newer: ['c', 'd'],
};

const otherThan = (failed: readonly Failed[], allowed: readonly string[]) =>
  ways(failed.filter(({ how }) => !allowed.includes(how)));

/** Nothing is lost, doubled or wrong; and it cost no more than was said. */
function expectNoMoreThan({ mayCost }: Fault, ledger: Ledger): void {
  expect(ledger.faults).to.deep.equal(noFaults);
  const { failed } = ledger;
  const safe = failed.filter(({ isSafe }) => isSafe);
  const others = failed.filter(({ isSafe }) => !isSafe);
  expect(otherThan(safe, mayCost.safe), 'safe to repeat').to.deep.equal({});
  expect(otherThan(others, mayCost.others), 'not safe to repeat').to.deep.equal({});
}

describe('one fault', function () {
  this.timeout(120_000);
  const stage = new Stage();
  const chance = draws(SEED);
  let at: World;
  let number = 0;

  before(async () => {
    at = await World.begin(stage, { monitor: { policy: 'alert' } });
  });
  after(() => stage.clear());

  async function under(fault: Fault): Promise<Ledger> {
    number += 1;
    const load = at.load({ prefix: `fault${number}`, chance });
    await load.traffic.more(BEFORE);
    const since = at.cutover.lines.length;
    const target = targets[fault.on][number % 2]!;
    const heal = await fault.inject(at, target);
    await Promise.all([load.traffic.moreOrLate(UNDER), fault.noticed?.(at, target, since)]);
    await heal();
    await load.traffic.more(AFTER);
    return at.finish(load);
  }

  const cases = (on: TargetKind, who: string) => {
    for (const fault of faults.filter(each => each.on === on)) {
      const costs = [...new Set([...fault.mayCost.safe, ...fault.mayCost.others])].join(', ');
      it(`${who} ${fault.name}: ${costs === '' ? 'no request fails' : `at most ${costs}`}`, async () => {
        expectNoMoreThan(fault, await under(fault));
        await at.settled();
      });
    }
  };

  cases('frontend', 'a frontend');
  cases('worker', 'a worker');
  cases('control', 'control');
  cases('stable', 'a container of the stable version');

  describe('in an upgrade', () => {
    before(async () => {
      await at.api.upgrade(
        '2.0',
        at.newer.map(({ address }) => address),
        { mode: 'INSTANT' },
      );
      await at.settled();
    });
    cases('newer', 'a container of the newer version');
  });
});
