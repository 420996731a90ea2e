/**
 * Watches an engine, and has the routing table follow what runs there. It looks whenever the engine says that
 * something happened, when the table has changed, and from time to time besides, because events can be missed.
 * While the engine cannot be asked, everything stays as it is.
 */
import type { ServerAddress } from '../config/cluster.js';
import { backoff } from '../kernel/backoff.js';
import type { Cancel, Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import type { VersionId } from '../kernel/ids.js';
import type { Change, RoutingTable } from '../versions/routing-table.js';
import type { Container, Engine, Happened } from './engine.js';
import { grouped, type Saying } from './groups.js';
import { CLUSTER, labelledBy, OWNER, withoutOwner } from './labels.js';
import { placeOf, type Surroundings } from './place.js';
import { Readiness } from './readiness.js';
import { reconciled } from './reconciled.js';
import { isToldToEnd, stageOf, type Stage } from './stage.js';

export interface ProviderOptions {
  readonly engine: Engine;
  /** This Cutover's id: containers that another one started are left alone. */
  readonly owner: string;
  readonly around: Surroundings;
  readonly clock: Clock;
  readonly report: Report;
  /** 0 to 1. */
  readonly chance: () => number;
  /** Milliseconds that requests in flight have, until a container whose cluster was removed is stopped. */
  readonly drain: number;
  /** Bounded in time, and never rejects. */
  readonly listens: (server: ServerAddress) => Promise<boolean>;
  readonly table: () => RoutingTable;
  /** Never rejects. Says why it was not made; undefined: it was. */
  readonly change: (change: Change) => Promise<string | undefined>;
  readonly newId: () => VersionId;
}

/** Milliseconds between two looks while nothing happens. */
export const RESYNC = 10_000;
/** Milliseconds between two looks while some container is not ready yet and has no health check to tell of. */
export const WAITING = 500;
/** Milliseconds after which a container that was told to end, and runs on, was not told to end: see `Stage`. */
export const LEAVES_WITHIN = 60_000;
/** Seconds that a container has to end by itself. */
const GRACE = 10;
/** How soon an engine that has gone is asked again, in milliseconds. */
const AGAIN = { first: 250, most: 10_000 };

export class Provider {
  readonly #options: ProviderOptions;
  readonly #readiness: Readiness;
  readonly #ending = new AbortController();
  /** Containers that were told to end, until they are started again: when each was started, and told. */
  readonly #leaving = new Map<string, { readonly startedAt: string; readonly toldAt: number }>();
  /** Clusters whose containers are being started: not in the table yet. */
  readonly #starting = new Set<VersionId>();
  /** Containers whose cluster is gone, by id: they end when what they have in flight is over. */
  readonly #retiring = new Map<string, Cancel>();
  #containers: readonly Container[] = [];
  /** How many more there are than the engine shows. */
  #leftOut = 0;
  /** What was said last of each container or version. */
  #said = new Map<string, string>();
  /** Whether the engine can be asked. */
  #state: 'new' | 'found' | 'lost' = 'new';
  #isWanted = false;
  #looking: Promise<void> | undefined;
  #next: Cancel | undefined;
  readonly #watching: Promise<void>;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#readiness = new Readiness(options.listens);
    this.#watching = this.#watch();
    this.look();
  }

  /** Looks soon: at once, or after the look that is under way. */
  look(): void {
    this.#isWanted = true;
    this.#looking ??= this.#looks();
  }

  /** Containers of this cluster are not left over from a start that failed: it goes on. */
  starting(id: VersionId): () => void {
    this.#starting.add(id);
    return () => {
      this.#starting.delete(id);
      this.look();
    };
  }

  /** Containers go on as they are. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#next?.();
    for (const cancel of this.#retiring.values()) cancel();
    await Promise.all([this.#watching, this.#looking]);
  }

  get #isOver(): boolean {
    return this.#ending.signal.aborted;
  }

  async #watch(): Promise<void> {
    const { engine, clock, chance } = this.#options;
    for (let attempt = 0; !this.#isOver; attempt++) {
      try {
        for await (const happened of engine.happenings(this.#ending.signal)) {
          attempt = 0;
          this.#heard(happened);
        }
      } catch (cause) {
        this.#lose(messageOf(cause));
      }
      this.look(); // whatever happened meanwhile was not told
      await this.#pause(clock, backoff(attempt, { ...AGAIN, chance: chance() }));
    }
  }

  #pause(clock: Clock, ms: number): Promise<void> {
    const { signal } = this.#ending;
    return new Promise(resolve => {
      const end = () => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = clock.after(ms, end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }

  #heard(happened: Happened): void {
    const container = this.#containers.find(({ id }) => id === happened.container);
    if (happened.action === 'start') this.#leaving.delete(happened.container);
    else if (container !== undefined && isToldToEnd(happened, container)) {
      const toldAt = this.#options.clock.now();
      this.#leaving.set(container.id, { startedAt: container.startedAt, toldAt });
    }
    this.look();
  }

  async #looks(): Promise<void> {
    while (this.#isWanted && !this.#isOver) {
      this.#isWanted = false;
      this.#next?.();
      const isWaiting = await this.#looked();
      this.#next = this.#options.clock.after(isWaiting ? WAITING : RESYNC, () => this.look());
    }
    this.#looking = undefined;
  }

  /** Whether somebody must be asked again soon. */
  async #looked(): Promise<boolean> {
    const { engine, owner, report } = this.#options;
    try {
      const shown = await engine.containers(owner, this.#ending.signal);
      this.#containers = shown.containers;
      this.#leftOut = shown.leftOut;
    } catch (cause) {
      this.#lose(messageOf(cause));
      return false;
    }
    if (this.#state !== 'found') {
      this.#state = 'found';
      report({ type: 'engine-found', engine: engine.address, containers: this.#containers.length });
    }
    this.#forgetLeft();
    const unsure = this.#unsure();
    await this.#readiness.ask(unsure, this.#containers);
    if (this.#isOver) return false;
    await this.#follow();
    return unsure.some(({ container }) => !this.#readiness.accepts(container));
  }

  #lose(because: string): void {
    const isKnown = this.#state === 'lost';
    this.#state = 'lost';
    if (this.#isOver || isKnown) return;
    this.#options.report({ type: 'engine-lost', engine: this.#options.engine.address, because });
  }

  /** Who was started again, has gone, or runs on after all, is not about to leave any more. */
  #forgetLeft(): void {
    const since = this.#options.clock.now() - LEAVES_WITHIN;
    for (const [id, { startedAt, toldAt }] of this.#leaving) {
      const now = this.#containers.find(each => each.id === id);
      if (now?.startedAt !== startedAt) this.#leaving.delete(id);
      else if (now.status === 'running' && toldAt <= since) {
        this.#leaving.delete(id);
        this.#readiness.forget(id); // it may have ceased to listen, and take longer to end
      }
    }
  }

  /** Those that run, and have nothing but their port to tell whether they are ready. */
  #unsure() {
    const { around } = this.#options;
    return this.#containers.flatMap(container => {
      const isUnsure = container.status === 'running' && container.health === 'none';
      const read = labelledBy(withoutOwner(container.labels));
      if (!isUnsure || !read.ok || this.#readiness.accepts(container)) return [];
      const place = placeOf(container, read.labelled.port, around);
      return place.ok ? [{ container, server: place.server }] : [];
    });
  }

  readonly #stageOf = (container: Container): Stage =>
    stageOf(container, {
      isLeaving: this.#leaving.has(container.id),
      accepts: this.#readiness.accepts(container),
    });

  async #follow(): Promise<void> {
    const { owner, around, table, newId } = this.#options;
    const groups = grouped(this.#containers, { owner, around, stageOf: this.#stageOf });
    const { changes, sayings } = reconciled(table(), groups, newId);
    const refused: Saying[] = [];
    for (const change of changes) {
      if (this.#isOver) return;
      if (change.kind === 'remove' && this.#leftOut > 0) continue; // its containers may be among these
      refused.push(...(await this.#made(change)));
    }
    this.#say([...groups.sayings, ...sayings, ...refused, ...this.#tooMany()]);
    this.#retire();
  }

  #tooMany(): readonly Saying[] {
    if (this.#leftOut === 0) return [];
    const says =
      `${this.#leftOut} more than are looked at are left out: until some are removed, no version is ` +
      'removed with its last one';
    return [{ about: 'containers', says }];
  }

  /** What is to be said where it could not be made. */
  async #made(change: Exclude<Change, { kind: 'happen' }>): Promise<readonly Saying[]> {
    const { table, change: make, report } = this.#options;
    const before = table().versions.find(({ id }) => change.kind !== 'add' && id === change.id);
    const number = change.kind === 'add' ? change.version.number : before?.number;
    if (number === undefined) return []; // somebody else was quicker
    const because = await make(change);
    if (because === undefined) {
      if (change.kind === 'servers') {
        report({ type: 'servers-changed', version: number, servers: change.servers.length });
      }
      return [];
    }
    const says =
      change.kind === 'remove'
        ? `none of its containers is left, but it stays: ${because}`
        : because;
    return [{ about: `version ${number}`, says }];
  }

  /** Once, until it is something else. */
  #say(sayings: readonly Saying[]): void {
    const now = new Map<string, string>();
    for (const { about, says } of sayings) {
      const before = now.get(about);
      now.set(about, before === undefined ? says : `${before}; ${says}`);
    }
    for (const [about, says] of now) {
      if (this.#said.get(about) !== says) {
        this.#options.report({ type: 'container-notice', about, because: says });
      }
    }
    this.#said = now;
  }

  /** Containers that we started, and whose cluster is not in the table (any more). */
  #retire(): void {
    const { owner, clock, drain, table } = this.#options;
    const ids = new Set<string>(table().versions.map(({ id }) => id));
    const left = this.#containers.filter(({ labels }) => {
      const cluster = labels[CLUSTER];
      if (labels[OWNER] !== owner || cluster === undefined) return false;
      return !ids.has(cluster) && !this.#starting.has(cluster as VersionId);
    });
    for (const { id, name } of left) {
      if (this.#retiring.has(id)) continue;
      const end = () => void this.#end(id, name);
      this.#retiring.set(id, clock.after(drain, end));
    }
  }

  async #end(id: string, name: string): Promise<void> {
    const { engine, report } = this.#options;
    try {
      await engine.stop(id, GRACE);
      await engine.remove(id);
      report({ type: 'container-removed', container: name });
    } catch (cause) {
      report({ type: 'container-notice', about: name, because: messageOf(cause) });
    } finally {
      this.#retiring.delete(id); // if it is still there, the next look tries again
    }
  }
}
