/** How late is what the system shares: from one worker to control to another one, over real links. */
import { join } from 'node:path';
import { expect } from 'chai';
import { ControlLinks } from '../../src/announcements/control-links.js';
import { parseConfig } from '../../src/config/config.js';
import { startControl } from '../../src/control/control.js';
import { systemClock } from '../../src/kernel/clock.js';
import { share } from '../../src/kernel/ids.js';
import { newTally } from '../../src/verdict/tally.js';
import type { RoutingTable } from '../../src/versions/routing-table.js';
import type { Progress } from '../../src/wire/report.js';
import type { Shared, Standing } from '../../src/wire/shared.js';
import { freePort } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually, within } from '../support/within.js';

/** As a worker does it. */
const REPORT = 40;
const WORKERS = 8;
const ROUNDS = 40;

const nothing: Standing = {
  part: share(1 / WORKERS),
  used: share(0),
  wants: false,
  out: [],
  uses: [],
};

/** One that follows control, and tells every 40 ms what there is to tell. */
class Follower {
  readonly link: ControlLinks;
  table: RoutingTable | undefined;
  standing = nothing;
  #shared: Shared | undefined;
  #progress: Progress | undefined;
  #counted = 0;
  #sequence = 0;
  #waiting: (() => void)[] = [];

  constructor(address: string, name: string, stop: (end: () => unknown) => void) {
    this.link = new ControlLinks({
      role: 'worker',
      name,
      heartbeat: 1000,
      silence: 5000,
      clock: systemClock,
      report: () => undefined,
      take: message => this.#heard(() => (this.table = message.table)),
      shared: shared => this.#heard(() => (this.#shared = shared)),
      progressed: progress => this.#heard(() => (this.#progress = progress)),
    });
    this.link.want([address]);
    const running = this.link.run();
    // Each at a time of its own.
    const phase = systemClock.after(Math.random() * REPORT, () => {
      stop(systemClock.every(REPORT, () => this.#tell()));
    });
    stop(async () => {
      phase();
      this.link.close();
      await running;
    });
  }

  get shared(): Shared | undefined {
    return this.#shared;
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  count(): void {
    this.#counted += 1;
  }

  /** Settles when `holds`, which is asked whenever something was heard. */
  async until(holds: (follower: this) => boolean): Promise<void> {
    while (!holds(this)) {
      await within(5000, 'it hears', new Promise<void>(resolve => this.#waiting.push(resolve)));
    }
  }

  #heard(take: () => unknown): void {
    take();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #tell(): void {
    const shared = this.#shared;
    if (shared !== undefined && shared.part !== this.standing.part) {
      this.standing = { ...this.standing, part: shared.part };
    }
    this.link.stand(this.standing);
    const version = this.table?.versions[0].id;
    if (this.#counted === 0 || version === undefined) return;
    this.#sequence += 1;
    const report = { version, tally: newTally(), examples: [], sessions: [] };
    const versions = [{ ...report, counted: this.#counted }];
    this.#counted = 0;
    this.link.report({ sequence: this.#sequence, versions });
  }
}

describe('what the system shares', function () {
  this.timeout(60_000);
  const stage = stageForEach();

  it('is known everywhere soon', async () => {
    const folder = await stage.folder();
    const { port } = await freePort();
    const address = `tcp://127.0.0.1:${String(port)}`;
    const parsed = parseConfig({
      proxy: { ip: '127.0.0.1', port: 0 },
      configService: { ip: '127.0.0.1', port: 0 },
      cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }], version: '1.0' },
      registry: { file: join(folder, 'registry.json') },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    let rest = '';
    const control = await startControl({
      config: parsed.config,
      announcements: address,
      release: '0',
      clock: systemClock,
      report: event => {
        if (event.type === 'control-listening') rest = `http://${event.address}`;
      },
    });
    stage.atEnd(() => control.stop());
    const followers = Array.from(
      { length: WORKERS },
      (_, n) => new Follower(address, `worker-${String(n)}`, end => stage.atEnd(end)),
    );
    await eventually('all follow', () => followers.every(({ link }) => link.isLinked));
    const cluster = {
      version: '2.0',
      servers: [{ ip: '127.0.0.1', port: 9102 }],
      upgradeTransition: { mode: 'GRADUAL', percentageTransitionPerRequest: 0.01 },
    };

    const tables = await lagOf(
      followers,
      ({ table }) => table?.edition === 2,
      async () => {
        const body = JSON.stringify({ cluster });
        await fetch(`${rest}/configuration/cluster`, { method: 'PUT', body });
      },
    );
    // Control says nothing of servers before it has been there for a while.
    await Promise.all(
      followers.map(each => each.until(({ shared }) => shared?.servers !== undefined)),
    );

    const progress: number[] = [];
    const ejections: number[] = [];
    const parts: number[] = [];
    const [first, second, ...others] = followers;
    if (first === undefined || second === undefined) throw new Error('no workers');
    const version = first.table?.versions[0].id;
    if (version === undefined) throw new Error('no version');
    const server = { version, server: '127.0.0.1:9102' };
    for (let round = 1; round <= ROUNDS; round++) {
      // Off every rhythm of ours.
      await new Promise(resolve => setTimeout(resolve, Math.random() * 50));
      const before = first.progress?.share ?? 0;
      progress.push(
        await lagOf(
          followers,
          each => (each.progress?.share ?? 0) > before,
          () => first.count(),
        ),
      );
      const isOut = round % 2 === 1;
      const holds = ({ shared }: Follower) => (shared?.servers?.[0]?.isOut ?? false) === isOut;
      ejections.push(
        await lagOf(others, holds, () => {
          for (const each of followers.slice(0, 5)) {
            each.standing = { ...each.standing, out: isOut ? [{ ...server, ms: 5000 }] : [] };
          }
        }),
      );
      const had = first.shared?.part ?? 0;
      parts.push(
        await lagOf(
          [first],
          ({ shared }) => (isOut ? (shared?.part ?? 0) > 2 * had : (shared?.part ?? 1) < had / 2),
          () => (first.standing = { ...first.standing, wants: isOut }),
        ),
      );
    }
    console.log(`      a table, with the disk: ${String(Math.round(tables))} ms`);
    console.log(`      the share of GRADUAL: ${shown(progress)}`);
    console.log(`      a server that is out, or in again: ${shown(ejections)}`);
    console.log(`      a part of the budget that is wanted: ${shown(parts)}`);
    for (const each of [progress, ejections, parts]) expect(Math.max(...each)).to.be.below(2000);
  });
});

/** Milliseconds from `begin` until all of them know. */
async function lagOf(
  followers: readonly Follower[],
  holds: (follower: Follower) => boolean,
  begin: () => unknown,
): Promise<number> {
  const began = performance.now();
  await begin();
  await Promise.all(followers.map(each => each.until(holds)));
  return performance.now() - began;
}

function shown(lags: readonly number[]): string {
  const sorted = [...lags].sort((a, b) => a - b);
  const [median = NaN] = sorted.slice(sorted.length / 2);
  return `${String(Math.round(median))} ms, at most ${String(Math.round(sorted.at(-1) ?? NaN))} ms`;
}
