/** All that control has to do with containers: puts engine, provider and starter together. */
import { tcpPlace, type HostPort } from '../config/address.js';
import type { ServerAddress } from '../config/cluster.js';
import type { Config } from '../config/config.js';
import { problem, type Problem } from '../config/problems.js';
import type { Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import type { VersionId } from '../kernel/ids.js';
import type { Change, RoutingTable } from '../versions/routing-table.js';
import type { Version } from '../versions/version.js';
import { DockerEngine, type EngineAddress } from './docker-engine.js';
import type { Engine } from './engine.js';
import type { Surroundings } from './place.js';
import { Provider } from './provider.js';
import { started, type Started } from './starter.js';
import { isAllowed, type ContainersWanted } from './wanted.js';

export interface ContainersHost {
  readonly table: () => RoutingTable;
  /** Never rejects. Says why it was not made; undefined: it was. */
  readonly change: (change: Change) => Promise<string | undefined>;
  readonly newId: () => VersionId;
  readonly clock: Clock;
  readonly report: Report;
  readonly chance: () => number;
  readonly listens: (server: ServerAddress) => Promise<boolean>;
}

/** Clusters that are being started at a time: each keeps a call of the REST API waiting. */
export const MOST_STARTS = 8;

/** Undefined: no engine is configured. */
export function engineOf({ docker: { socket } }: Pick<Config, 'docker'>): Engine | undefined {
  return socket === undefined ? undefined : new DockerEngine(addressOf(socket));
}

function addressOf(socket: string): EngineAddress {
  return tcpPlace(socket) ?? { path: socket };
}

export class Containers {
  readonly #engine: Engine;
  readonly #owner: string;
  readonly #config: Pick<Config, 'docker' | 'proxy' | 'configService' | 'timeouts'>;
  readonly #host: ContainersHost;
  readonly #around: Surroundings;
  readonly #provider: Provider;
  readonly #ending = new AbortController();
  #starts = 0;

  /** `owner`: see owner-id.ts. */
  constructor(
    engine: Engine,
    owner: string,
    config: Pick<Config, 'docker' | 'proxy' | 'configService' | 'timeouts'>,
    host: ContainersHost,
  ) {
    this.#engine = engine;
    this.#owner = owner;
    this.#config = config;
    this.#host = host;
    this.#around = { network: config.docker.network, host: engine.host, own: ownOf(config) };
    this.#provider = new Provider({
      ...host,
      engine,
      owner,
      around: this.#around,
      drain: config.timeouts.drain * 1000,
    });
  }

  /** To be called whenever the table has changed. */
  tableChanged(): void {
    this.#provider.look();
  }

  /**
   * Starts what was asked for, and waits until it is ready. `whenKnown`: to be called once its cluster is in the
   * table, or will not come there: until then its containers are not taken for leftovers.
   */
  async start(
    id: VersionId,
    version: string,
    wanted: ContainersWanted,
  ): Promise<Started & { readonly whenKnown: () => void }> {
    if (this.#starts >= MOST_STARTS) {
      const because = `${MOST_STARTS} clusters are being started already`;
      return { ok: false, because, whenKnown: () => undefined };
    }
    this.#starts += 1;
    const whenKnown = this.#provider.starting(id);
    try {
      const options = {
        ...this.#host,
        engine: this.#engine,
        owner: this.#owner,
        around: this.#around,
        patience: this.#config.docker.patience * 1000,
      };
      const result = await started({ id, version, wanted }, options, this.#ending.signal);
      return { ...result, whenKnown };
    } finally {
      this.#starts -= 1;
    }
  }

  /** Containers go on as they are; what is being started is given up. */
  stop(): Promise<void> {
    this.#ending.abort();
    return this.#provider.stop();
  }
}

const ownOf = ({
  proxy,
  configService,
}: Pick<Config, 'proxy' | 'configService'>): readonly HostPort[] => [
  proxy,
  configService,
  ...(proxy.trusted === undefined ? [] : [proxy.trusted]),
];

/** Why these may not be started, whatever the engine says. `image`: without its tag. */
export function refusals(
  image: string,
  count: number,
  { socket, images, network }: Config['docker'],
): readonly Problem[] {
  const where = 'cluster.containers';
  if (socket === undefined) {
    return [
      problem(where, 'cluster.servers: no engine is configured (docker.socket)', 'containers'),
    ];
  }
  const list = images.length === 0 ? 'none so far' : images.join(', ');
  const isFree = network !== 'host' || count === 1;
  return [
    ...(isAllowed(image, images)
      ? []
      : [problem(`${where}.image`, `one that docker.images allows (${list})`, `"${image}"`)]),
    ...(isFree
      ? []
      : [problem(`${where}.count`, '1, because docker.network is host', String(count))]),
  ];
}

/** Why an operator may not remove it: it would come again at once. Undefined: it may be removed. */
export function mayNotRemove(
  { owner, number }: Version,
  docker: Config['docker'],
): string | undefined {
  if (owner !== 'labels' || docker.socket === undefined) return undefined;
  return (
    `version ${number} comes from the labels of containers: stop these, and it is removed; ` +
    'abort takes it back now'
  );
}
