import { failing, many, ok } from '../verdict/seen.js';
import { parseConfig } from '../../../src/config/config.js';
import type { Judged } from '../../../src/control/judged.js';
import { Overseer } from '../../../src/control/overseer.js';
import { versionId, type VersionId } from '../../../src/kernel/ids.js';
import { newTally, type Tally } from '../../../src/verdict/tally.js';
import {
  changed,
  firstTable,
  type Change,
  type NewVersion,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';
import type { Happening, VersionState } from '../../../src/versions/version-state.js';
import type { VersionReport } from '../../../src/wire/report.js';

export const v1 = versionId('v1');
export const v2 = versionId('v2');
export const v3 = versionId('v3');

export const START = Date.UTC(2030, 0, 1);

type Transition = NewVersion['transition'];
export type Settings = Readonly<Record<string, unknown>>;

export const versionOf = (id: VersionId, transition: Transition): NewVersion => ({
  id,
  number: `${id.slice(1)}.0`,
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition,
});

function configOf(monitor: Settings) {
  const parsed = parseConfig({
    proxy: {},
    configService: {},
    cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] },
    monitor,
    session: { timeout: 20 },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

/** Control without its shell: changes that the overseer wants are made at once. */
export class World {
  readonly overseer: Overseer;
  table: RoutingTable = firstTable(versionOf(v1, { mode: 'INSTANT' }));
  ms = 0;
  /** Whether changes that are wanted are made. */
  obeys = true;
  #sequence = 0;

  constructor(monitor: Settings = {}) {
    this.overseer = new Overseer(configOf(monitor));
    this.overseer.table(this.table, this.now);
  }

  get now() {
    return { monotonic: this.ms, wall: START + this.ms };
  }

  get seconds() {
    return (START + this.ms) / 1000;
  }

  add(id: VersionId, transition: Transition): void {
    this.make({ kind: 'add', version: versionOf(id, transition) });
  }

  happen(id: VersionId, on: Happening): void {
    this.make({ kind: 'happen', id, on });
  }

  make(change: Change): void {
    const result = changed(this.table, change);
    if (!result.ok) throw new Error(JSON.stringify(result.refusal));
    this.table = result.table;
    this.overseer.table(this.table, this.now);
  }

  /** A worker reports, for each version, whatever is not given as nothing. */
  report(_worker: string, ...versions: readonly Part[]): void {
    const nothing = { counted: 0, tally: newTally(), examples: [], sessions: [] };
    const full = versions.map(part => ({ ...nothing, ...part }));
    this.#sequence++;
    this.overseer.reported({ sequence: this.#sequence, versions: full }, this.now);
  }

  tallies(newer: Tally, stable: Tally): void {
    this.report('a', { version: v2, tally: newer }, { version: v1, tally: stable });
  }

  tick(ms = 100): Judged {
    this.ms += ms;
    const judged = this.overseer.tick(this.now);
    if (this.obeys) for (const change of judged.changes) this.make(change);
    return judged;
  }

  stateOf(id: VersionId): VersionState | undefined {
    return this.table.versions.find(version => version.id === id)?.state;
  }
}

type Part = Partial<VersionReport> & { readonly version: VersionId };

export const instant = { mode: 'INSTANT' } as const;
/** 1 % of new sessions more for each request. */
export const gradual = { mode: 'GRADUAL', percentageTransitionPerRequest: 1 } as const;
/** A cookie is set anew each second then: sessions end 11 s after their last cookie. */
export const session = { mode: 'SESSION', sessionTimeout: 10 } as const;
export const concurrent = { mode: 'CONCURRENT', promote: 'healthy' } as const;

export const upgrading = (
  transition: Parameters<World['add']>[1] = instant,
  monitor: Settings = {},
): World => {
  const world = new World(monitor);
  world.add(v2, transition);
  return world;
};

/** Fails so often that it is found at once. */
export const ruin = (world: World): void => world.tallies(many(20, failing), many(180, ok));
export const thrive = (world: World, n = 20): void => world.tallies(many(n, ok), many(n, ok));
