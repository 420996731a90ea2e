/** What holds whatever sequence of PUT, DELETE, verbs and failures comes. */
import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from '../../src/control/registrar.js';
import type { VersionId } from '../../src/kernel/ids.js';
import { tableSchema } from '../../src/versions/table-schema.js';
import { serving, upgradeOf, type RoutingTable } from '../../src/versions/routing-table.js';
import { mayServe } from '../../src/versions/version-state.js';
import type { UpgradeTransition } from '../../src/config/cluster.js';
import type { Version } from '../../src/versions/version.js';
import { decided } from '../../workers/strategies/strategies.js';
import { draws } from '../support/draws.js';
import { graduals, stepWith, transitions, WORKERS, type Step } from './upgrade-steps.js';
import type { Follower } from './upgrade-follower.js';
import { visit } from './upgrade-visits.js';
import { UpgradeWorld } from './upgrade-world.js';

/** Of each law; a multiple of it can be asked for. */
const RUNS = 60 * Number(process.env['RUNS'] ?? 1);

/** Called after each step. `outcome`: of the change that the step asked for. */
type Law = (world: UpgradeWorld, step: Step, outcome: Outcome | undefined) => void;

interface Walk {
  readonly steps: readonly Step[];
  readonly policy: string;
  readonly seed: number;
}

const walks = (modes: readonly UpgradeTransition[]) =>
  fc.record({
    steps: fc.array(stepWith(modes), { minLength: 5, maxLength: 40, size: 'max' }),
    policy: fc.constantFrom('rollback', 'freeze', 'alert'),
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
  });

/** `lawOf`: with its own memory for each walk. */
async function always(
  lawOf: () => Law,
  modes: readonly UpgradeTransition[] = transitions,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(walks(modes), async walk => walked(walk, lawOf())),
    { numRuns: RUNS },
  );
}

async function walked({ steps, policy, seed }: Walk, law: Law): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'upgrades-'));
  try {
    const file = join(folder, 'registry.json');
    const world = await UpgradeWorld.begin(file, policy, WORKERS, draws(seed));
    const jar: string[] = [];
    for (const step of steps) {
      const isRequest = step.kind === 'request';
      if (isRequest) visit(workerOf(world, step.worker), step.cookie, jar);
      law(world, step, isRequest ? undefined : await world.step(step));
      expect(world.faults).to.deep.equal([]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function workerOf({ workers }: UpgradeWorld, n: number): Follower {
  const worker = workers[n];
  if (worker === undefined) throw new RangeError(`there is no worker ${n}`);
  return worker;
}

/** Without what control remembers under the same edition. */
const announced = ({ edition, versions }: RoutingTable) => ({
  edition,
  versions: versions.map(({ state, ...version }) => ({
    ...version,
    state: 'progress' in state ? { ...state, progress: 0 } : state,
  })),
});

/** The share of each GRADUAL version that is under way, in the table. */
function sharesIn({ versions }: RoutingTable): ReadonlyMap<VersionId, number> {
  const moving = versions.flatMap(({ id, transition, state }) =>
    transition.mode === 'GRADUAL' && 'progress' in state ? [[id, state.progress] as const] : [],
  );
  return new Map(moving);
}

const isGradual = (version: Version | undefined): version is Version =>
  version?.transition.mode === 'GRADUAL';

/** Of the clients of each worker. */
function noneGoesBack(): Law {
  const was = new Map<Follower, readonly (Version | undefined)[]>();
  return ({ table, workers }, { kind }) => {
    const hasStable = table.versions.some(({ state }) => state.name === 'complete');
    for (const worker of workers) {
      const able = serving(worker.table);
      const now = clients.map(bucket => {
        const progress = worker.share.share;
        const decision = decided({ versions: able, session: undefined, bucket, progress });
        return decision.kind === 'one' ? decision.version : decision.older;
      });
      const place = (version: Version) => able.findIndex(({ id }) => id === version.id);
      const former = was.get(worker) ?? [];
      for (const [n, next] of now.entries()) {
        const own = former[n];
        if (own === undefined || place(own) < 0) continue;
        expect(place(next)).to.be.at.most(place(own), `bucket ${clients[n]}`);
      }
      // Until control knows what a worker has counted, a newer version may come and undo it. And an
      // upgrade that has nobody else to serve has everybody, until an older version comes.
      const isFirm = kind === 'pass' && hasStable;
      const kept = former.map(own => (own !== undefined && place(own) < 0 ? undefined : own));
      was.set(worker, isFirm ? now : hasStable ? kept : []);
    }
  };
}

/** What is counted for it by one worker, control hears of 50 ms later. */
const put: Step = {
  kind: 'put',
  number: '2',
  transition: { mode: 'GRADUAL', percentageTransitionPerRequest: 9 },
};
const request: Step = { kind: 'request', worker: 0, cookie: { kind: 'none' } };
const bad: Step = { kind: 'report', worker: 0, at: 0, bad: true };
const paused: Step = { kind: 'verb', at: 0, verb: 'pause' };
const passes: Step = { kind: 'pass', ms: 50 };

describe('whatever is put, removed, wanted, or fails', function () {
  this.timeout(300_000);

  it('a request goes to versions that exist and may serve, and its cookie says which', () =>
    always(() => {
      const jar: string[] = [];
      return ({ workers }) => {
        for (const worker of workers) {
          visit(worker, { kind: 'none' }, jar);
          for (const age of [0, 3, 9, 27]) {
            visit(worker, { kind: 'given', age }, jar);
            visit(worker, { kind: 'forged', age }, jar);
          }
        }
      };
    }));

  it('a version may serve, and the table stays one that everybody can read', () =>
    always(() => ({ table, registrar, workers, herald }) => {
      expect(table.versions.some(({ state }) => mayServe(state))).to.equal(true);
      expect(tableSchema.parse(JSON.parse(JSON.stringify(table)))).to.deep.equal(table);
      for (const worker of workers) {
        expect(announced(worker.table)).to.deep.equal(announced(registrar.table));
      }
      const { edition, acknowledged, followers } = herald.spread;
      expect([edition, acknowledged, followers]).to.deep.equal([table.edition, WORKERS, WORKERS]);
    }));

  it('the edition only grows, and what is refused changes nothing', () =>
    always(() => {
      let before: RoutingTable | undefined;
      return ({ table }, { kind }, outcome) => {
        const former = before;
        before = table;
        if (former === undefined) return;
        const grown = table.edition - former.edition;
        expect(grown).to.be.at.least(0);
        if (grown === 0) expect(announced(table)).to.deep.equal(announced(former));
        if (outcome === undefined || kind === 'rotate') return;
        expect(grown).to.equal(outcome.kind === 'done' ? 1 : 0);
        expect(table).to.deep.equal(outcome.kind === 'done' ? outcome.table : former);
      };
    }));

  it('a restart finds what was answered with done, or what was being saved after it', () =>
    always(() => {
      let seen = 0;
      return ({ restarts, done, registrar, failed }) => {
        for (const { loaded, done: last, failed: tried } of restarts.slice(seen)) {
          expect([last, ...tried]).to.deep.include(loaded);
        }
        seen = restarts.length;
        expect(registrar.table).to.deep.equal(done.table);
        if (failed.length === 0) expect(done.keys.length).to.be.within(1, 5);
      };
    }));

  it('control is never refused what it wants', () =>
    always(() => ({ wanted }) => {
      for (const { kind } of wanted) expect(['done', 'not-durable']).to.include(kind);
    }));

  it('the share of GRADUAL never falls, unless the version was taken back', () =>
    always(() => {
      let before: ReadonlyMap<VersionId, number> = new Map();
      let reached: readonly (readonly [Follower, VersionId, number])[] = [];
      return ({ table, workers, overseer }, step) => {
        const now = sharesIn(table);
        for (const [id, share] of before) expect(now.get(id) ?? 1).to.be.at.least(share);
        before = now;
        for (const [worker, id, share] of reached) {
          const { progress } = worker.share;
          if (!workers.includes(worker) || progress?.version !== id || !now.has(id)) continue;
          expect(worker.share.reached).to.be.at.least(share, 'of a worker');
        }
        const upgrade = upgradeOf(table);
        reached = isGradual(upgrade)
          ? workers.map(each => [each, upgrade.id, each.share.reached] as const)
          : [];
        if (step.kind !== 'pass' || !isGradual(upgrade)) return;
        for (const worker of workers) {
          expect(worker.share.reached).to.be.at.least(overseer.progressOf(upgrade.id) ?? 0);
        }
      };
    }, graduals));

  it('a new session goes to no older version than the client had in the session before', () =>
    always(noneGoesBack, graduals));

  for (const [when, steps] of [
    ['a newer version came before control had heard of it', [put, request, put, bad, passes, put]],
    ['a pause was on its way', [put, request, paused, passes, { kind: 'restart' }, put, passes]],
  ] as const) {
    it(`nobody goes back who crossed while ${when}`, () =>
      walked({ steps, policy: 'rollback', seed: 1 }, noneGoesBack()));
  }

  it('everybody follows however often a rotation of keys fails halfway', async () => {
    const halfway: readonly Step[] = [{ kind: 'fault', at: 15 }, { kind: 'rotate' }];
    const steps = Array.from({ length: 20 }, () => halfway).flat();
    await walked({ steps, policy: 'rollback', seed: 1 }, ({ table, workers }) => {
      expect(workers.map(({ edition }) => edition)).to.deep.equal(workers.map(() => table.edition));
    });
  });

  it('a worker that comes late learns of a share that has come to rest', async () => {
    const steps: readonly Step[] = [
      { kind: 'put', number: '2', transition: { mode: 'GRADUAL', duration: '10s' } },
      { kind: 'pass', ms: 11_000 },
      { kind: 'replace', worker: 0 },
      { kind: 'pass', ms: 500 },
    ];
    let shares: readonly number[] = [];
    await walked({ steps, policy: 'rollback', seed: 1 }, ({ workers }) => {
      shares = workers.map(({ share }) => share.share);
    });
    expect(shares).to.deep.equal([1, 1]);
  });

  it('a superseded share rests at its steps, so that nobody crosses who would have to go back', async () => {
    const transition = {
      mode: 'GRADUAL',
      percentageTransitionPerRequest: 9,
      steps: [25],
    } as const;
    const request: Step = { kind: 'request', worker: 0, cookie: { kind: 'none' } };
    const steps: readonly Step[] = [
      { kind: 'put', number: '2', transition },
      ...Array.from({ length: 5 }, () => request), // 45 %, of which 25 are let through
      { kind: 'pass', ms: 500 },
      { kind: 'put', number: '3', transition },
    ];
    let served: readonly (readonly string[])[] = [];
    await walked({ steps, policy: 'rollback', seed: 1 }, ({ workers: [worker] }) => {
      if (worker !== undefined) served = [...served, servedNow(worker)];
    });
    const [before, after] = served.slice(-2);
    expect(before?.filter(number => number === '2')).to.have.lengthOf(5);
    expect(after).to.deep.equal(before);
  });
});

/** Who serves the new session of each client: the version's number. */
function servedNow({ table, share: { share: progress } }: Follower): readonly string[] {
  return clients.map(bucket => {
    const versions = serving(table);
    const decision = decided({ versions, session: undefined, bucket, progress });
    return (decision.kind === 'one' ? decision.version : decision.older).number;
  });
}

/** Buckets. */
const clients = Array.from({ length: 20 }, (_, n) => n / 20);
