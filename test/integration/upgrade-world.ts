/**
 * Control and its workers in one process: everything that decides is real, and so is the registry's file;
 * sockets, containers and time are the test's.
 */
import { parseConfig, type Config } from '../../src/config/config.js';
import { Herald } from '../../src/control/herald.js';
import { Overseer } from '../../src/control/overseer.js';
import { Registrar, type Outcome, type Registered } from '../../src/control/registrar.js';
import { share, versionId, type VersionId } from '../../src/kernel/ids.js';
import { openFileRegistry } from '../../src/registry/file.js';
import type { Registry, SigningKey } from '../../src/registry/registry.js';
import {
  firstTable,
  upgradeOf,
  type Change,
  type NewVersion,
  type RoutingTable,
} from '../../src/versions/routing-table.js';
import { FaultyFiles, type Fault } from '../unit/registry/faulty-files.js';
import { failing, many, ok } from '../unit/verdict/seen.js';
import { Follower, TIMEOUT, type Surroundings } from './upgrade-follower.js';
import type { Step } from './upgrade-steps.js';

const START = 1_700_000_000_000;
const KEY: SigningKey = { id: 'first', secret: Buffer.alloc(32, 1).toString('base64') };

/** Cookies carry ids as uuids. */
const idOf = (n: number): VersionId =>
  versionId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);

const versionOf = (
  n: number,
  number: string,
  transition: NewVersion['transition'],
): NewVersion => ({
  id: idOf(n),
  number,
  servers: [
    { host: '127.0.0.1', port: 9000 + n },
    { host: '127.0.0.1', port: 19_000 + n },
  ],
  transition,
});

function configOf(policy: string): Config {
  const parsed = parseConfig({
    proxy: {},
    configService: {},
    cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] },
    monitor: { policy, observation: 3 },
    session: { timeout: TIMEOUT },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

const nobody = Buffer.alloc(0);

/** What a new process found, and what it may find. */
interface Restart {
  readonly loaded: Registered;
  readonly done: Registered;
  readonly failed: readonly Registered[];
}

/** Nobody finds a process that has died. */
const processes = { pid: 4_999_999, beginningOf: () => Promise.resolve(undefined) };

export class UpgradeWorld implements Surroundings {
  ms = 0;
  herald!: Herald;
  registrar!: Registrar;
  overseer!: Overseer;
  workers: Follower[] = [];
  /** What was made durable last. */
  done!: Registered;
  /** What was to be saved since, and could not be: it may be there all the same. */
  failed: Registered[] = [];
  /** Outcomes of changes that the overseer wanted. */
  readonly wanted: Outcome[] = [];
  /** What nobody should ever see. */
  readonly faults: string[] = [];
  readonly restarts: Restart[] = [];
  readonly chance: () => number;
  readonly #file: string;
  readonly #config: Config;
  #files = new FaultyFiles();
  #registry!: Registry;
  #versions = 1;
  #followers = 0;

  private constructor(file: string, policy: string, chance: () => number) {
    this.#file = file;
    this.#config = configOf(policy);
    this.chance = chance;
  }

  static async begin(
    file: string,
    policy: string,
    workers: number,
    chance: () => number,
  ): Promise<UpgradeWorld> {
    const world = new UpgradeWorld(file, policy, chance);
    const table = firstTable(versionOf(1, '1.0', { mode: 'INSTANT' }));
    await world.#open();
    await world.#save({ table, keys: [KEY] });
    world.#start(world.done);
    for (let n = 0; n < workers; n++) world.replace(n);
    return world;
  }

  get table(): RoutingTable {
    return this.registrar.table;
  }

  /** Undefined: it is no step that asks for a change. */
  async step(step: Exclude<Step, { kind: 'request' }>): Promise<Outcome | undefined> {
    switch (step.kind) {
      case 'put':
        return this.#change(this.#addition(step.number, step.transition));
      case 'remove':
        return this.#change({ kind: 'remove', id: this.#at(step.at) });
      case 'verb':
        return this.#verb(this.#at(step.at), step.verb);
      case 'rotate':
        return this.#settled(this.registrar.rotate(this.#newKey()));
      case 'fault':
        this.#files.arm({ kind: 'error', code: 'ENOSPC', at: step.at });
        return undefined;
      case 'crash':
        return this.#crash({ kind: 'crash', when: step.when, at: step.at });
      case 'restart':
        return this.restart();
      case 'replace':
        this.replace(step.worker);
        return undefined;
      case 'report':
        this.workers[step.worker]?.report(this.#at(step.at), many(20, step.bad ? failing : ok));
        return undefined;
      case 'pass':
        return this.pass(step.ms);
    }
  }

  /** Time passes, control looks as often as it does, and makes what it wants to be made. */
  async pass(ms: number): Promise<undefined> {
    for (let left = ms; left > 0; left -= 50) {
      this.ms += 50;
      for (const worker of this.workers) worker.reportCounted();
      const { changes, remember, progress } = this.overseer.tick(this.#now);
      if (progress !== undefined) this.herald.progress(progress);
      for (const change of changes) this.wanted.push(await this.#change(change));
      if (remember.length > 0) await this.registrar.remember(remember);
    }
  }

  /** Control dies without a word, and another begins with what the file says. */
  async restart(): Promise<undefined> {
    this.#files = new FaultyFiles();
    const loaded = await this.#open();
    this.restarts.push({ loaded, done: this.done, failed: this.failed });
    this.#start(loaded);
    for (const { routingId } of this.workers) this.herald.received([routingId, nobody]);
  }

  replace(n: number): void {
    const before = this.workers[n];
    if (before !== undefined) this.herald.received([before.routingId, nobody]);
    const worker = new Follower(this, ++this.#followers);
    this.workers[n] = worker;
    this.herald.received([worker.routingId, nobody]);
  }

  wall(): number {
    return START + this.ms;
  }

  hears(routingId: Buffer, packed: Buffer): void {
    this.herald.received([routingId, packed]);
  }

  async #open(): Promise<Registered> {
    this.#registry = await openFileRegistry(this.#file, { files: this.#files, processes });
    const loaded = await this.#registry.load();
    if (loaded.kind === 'found') {
      const { table, keys } = loaded.stored;
      return { table, keys };
    }
    if (loaded.kind === 'recovered') this.faults.push('the registry is damaged');
    return this.done; // before the first save nobody asks for it
  }

  #start(registered: Registered): void {
    const { monitor, session } = this.#config;
    this.done = registered;
    this.failed = [];
    const overseer = (this.overseer = new Overseer({ monitor, session }));
    overseer.table(registered.table, this.#now);
    const secrets = (keys: readonly SigningKey[]) => keys.map(({ secret }) => secret);
    const herald = (this.herald = new Herald(
      { table: registered.table, keys: secrets(registered.keys) },
      {
        send: (routingId, packed) => {
          this.workers.find(each => each.routingId.equals(routingId))?.received(packed);
          return Promise.resolve();
        },
        now: () => this.ms,
        followed: ({ progress }) => {
          if (progress !== undefined) overseer.followed(progress);
        },
        reported: (_, report) => overseer.reported(report, this.#now),
        missed: () => undefined,
        measured: () => undefined,
        stands: () => undefined,
        left: () => undefined,
        silence: Infinity,
        heartbeat: Infinity,
        report: event => {
          if (event.type === 'peer-refused' || event.type === 'fault') {
            this.faults.push(JSON.stringify(event));
          }
        },
      },
    ));
    this.registrar = new Registrar(registered, {
      save: next => this.#save(next),
      announce: ({ table, keys }) => {
        herald.announce(table, secrets(keys));
        overseer.table(table, this.#now);
      },
      spread: () => Promise.resolve(),
      advances: () => {
        const upgrade = upgradeOf(this.table);
        const progress = upgrade && overseer.progressOf(upgrade.id);
        if (upgrade === undefined || progress === undefined) return [];
        return [{ kind: 'happen', id: upgrade.id, on: { type: 'advance', progress } }];
      },
    });
  }

  async #save(next: Registered): Promise<void> {
    this.failed.push(next);
    await this.#registry.save({ ...next, configured: '' });
    this.done = next;
    this.failed = [];
  }

  /** One fault hits one save at most. */
  async #settled(outcome: Promise<Outcome>): Promise<Outcome> {
    const settled = await outcome;
    this.#files.arm(undefined);
    return settled;
  }

  #change(change: Change): Promise<Outcome> {
    return this.#settled(this.registrar.change(change));
  }

  #verb(id: VersionId, type: 'pause' | 'resume' | 'promote' | 'abort'): Promise<Outcome> {
    const progress = this.overseer.progressOf(id) ?? share(0);
    const on = type === 'pause' ? { type, progress } : { type };
    return this.#change({ kind: 'happen', id, on });
  }

  /** While it saves a change. */
  async #crash(fault: Fault): Promise<undefined> {
    this.#files.arm(fault);
    await this.registrar.change(this.#addition('2.5', { mode: 'INSTANT' }));
    return this.restart();
  }

  #addition(number: string, transition: NewVersion['transition']): Change {
    return { kind: 'add', version: versionOf(++this.#versions, number, transition) };
  }

  #at(at: number): VersionId {
    const { versions } = this.table;
    return versions[at % (versions.length + 1)]?.id ?? idOf(999_999);
  }

  #newKey(): SigningKey {
    const secret = Buffer.alloc(32, ++this.#versions).toString('base64');
    return { id: `key ${this.#versions}`, secret };
  }

  get #now() {
    return { monotonic: this.ms, wall: this.wall() };
  }
}
