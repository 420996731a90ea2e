/** Starts the containers of one cluster: all of them are ready, or none is left. */
import type { ServerAddress } from '../config/cluster.js';
import { isNonEmpty, type NonEmpty } from '../kernel/non-empty.js';
import type { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import type { VersionId } from '../kernel/ids.js';
import { EngineError, type Container, type Engine } from './engine.js';
import { CLUSTER, OWNER } from './labels.js';
import { placeOf, type Surroundings } from './place.js';
import { stageOf } from './stage.js';
import type { ContainersWanted } from './wanted.js';

export interface StarterOptions {
  readonly engine: Engine;
  readonly owner: string;
  readonly around: Surroundings;
  readonly clock: Clock;
  readonly report: Report;
  /** Bounded in time, and never rejects. */
  readonly listens: (server: ServerAddress) => Promise<boolean>;
  /** Milliseconds for all of it. */
  readonly patience: number;
}

/** Milliseconds between two looks at containers that start. */
const LOOK = 200;

export type Started =
  | { readonly ok: true; readonly servers: NonEmpty<ServerAddress> }
  /** For people, without secrets. */
  | { readonly ok: false; readonly because: string };

/** `signal`: gives it up. What was started then is removed. Never rejects. */
export async function started(
  {
    id,
    version,
    wanted,
  }: {
    readonly id: VersionId;
    readonly version: string;
    readonly wanted: ContainersWanted;
  },
  options: StarterOptions,
  signal: AbortSignal,
): Promise<Started> {
  const start = new Start(id, version, wanted, options, signal);
  try {
    return { ok: true, servers: await start.run() };
  } catch (cause) {
    await start.undo();
    return { ok: false, because: messageOf(cause) };
  }
}

class Start {
  readonly #id: VersionId;
  readonly #version: string;
  readonly #wanted: ContainersWanted;
  readonly #options: StarterOptions;
  readonly #signal: AbortSignal;
  readonly #created: string[] = [];

  constructor(
    id: VersionId,
    version: string,
    wanted: ContainersWanted,
    options: StarterOptions,
    signal: AbortSignal,
  ) {
    this.#id = id;
    this.#version = version;
    this.#wanted = wanted;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<NonEmpty<ServerAddress>> {
    const { clock, patience } = this.#options;
    const deadline = clock.now() + patience;
    await this.#fetchImage(deadline);
    for (let at = 1; at <= this.#wanted.count; at++) await this.#startOne(at);
    for (;;) {
      const servers = await this.#ready();
      if (servers !== undefined) return servers;
      this.#goOnUntil(deadline, 'its containers are not ready');
      await new Promise<void>(resolve => void clock.after(LOOK, resolve));
    }
  }

  /** Whatever was created is removed; what cannot be is left over, and removed by a later look. */
  async undo(): Promise<void> {
    const { engine } = this.#options;
    for (const id of this.#created) await engine.remove(id).catch(() => undefined);
  }

  async #fetchImage(deadline: number): Promise<void> {
    const { engine, clock, report } = this.#options;
    const { reference, alwaysPull } = this.#wanted;
    if (!alwaysPull && (await engine.hasImage(reference))) return;
    const late = new AbortController();
    const cancel = clock.after(deadline - clock.now(), () => late.abort());
    try {
      await engine.pull(reference, AbortSignal.any([this.#signal, late.signal]));
    } catch (cause) {
      if (!late.signal.aborted) throw cause;
      throw new EngineError('late', `${reference} was not pulled within docker.patience`, {
        cause,
      });
    } finally {
      cancel();
    }
    report({ type: 'image-pulled', image: reference });
  }

  async #startOne(at: number): Promise<void> {
    const { engine, owner, around, report } = this.#options;
    const { reference, environment, portToProxy: port } = this.#wanted;
    if (this.#signal.aborted) throw givenUp();
    const name = `cutover-${this.#version}-${this.#id.slice(0, 8)}-${at}`;
    const id = await engine.create({
      name,
      image: reference,
      environment,
      labels: {
        [OWNER]: owner,
        [CLUSTER]: this.#id,
        'cutover.version': this.#version,
        'cutover.port': String(port),
      },
      port,
      network: around.network,
    });
    this.#created.push(id);
    await engine.start(id);
    report({ type: 'container-started', container: name, image: reference });
  }

  /** Where they are, once all of them are ready. Throws where one of them ended. */
  async #ready(): Promise<NonEmpty<ServerAddress> | undefined> {
    const { engine, owner } = this.#options;
    const { containers } = await engine.containers(owner, this.#signal);
    const own = this.#created.map(id => containers.find(each => each.id === id));
    const servers = await Promise.all(own.map(each => this.#serverOf(each)));
    const found = servers.filter(each => each !== undefined);
    return found.length === servers.length && isNonEmpty(found) ? found : undefined;
  }

  async #serverOf(container: Container | undefined): Promise<ServerAddress | undefined> {
    if (container === undefined) throw new EngineError('not-found', 'a container has gone');
    const { name, status, exitCode } = container;
    if (
      status === 'exited' ||
      status === 'dead' ||
      status === 'stopped' ||
      status === 'restarting'
    ) {
      const because = `container ${name} ended with exit code ${exitCode} before it was ready`;
      throw new EngineError('refused', because);
    }
    const { around, listens } = this.#options;
    const place = placeOf(container, this.#wanted.portToProxy, around);
    if (!place.ok) {
      if (status !== 'running') return undefined; // it has no address yet
      throw new EngineError('refused', `container ${name}: ${place.because}`);
    }
    const accepts = container.health === 'none' && (await listens(place.server));
    const stage = stageOf(container, { isLeaving: false, accepts });
    return stage === 'ready' ? place.server : undefined;
  }

  #goOnUntil(deadline: number, otherwise: string): void {
    if (this.#signal.aborted) throw givenUp();
    if (this.#options.clock.now() < deadline) return;
    throw new EngineError('late', `${otherwise} within docker.patience`);
  }
}

const givenUp = () => new EngineError('given-up', 'control is being stopped');
