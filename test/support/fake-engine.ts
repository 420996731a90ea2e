/**
 * A container engine that has no containers: it speaks as much of Docker's API as Cutover uses, over a unix
 * socket, and each of its "containers" is an HTTP server in this process. What a test does to it looks to others
 * as if somebody had used the engine's own command line.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { DockerEngine } from '../../src/containers/docker-engine.js';
import { counting } from './containers.js';
import type { Stage } from './stage.js';

type Health = 'none' | 'starting' | 'healthy' | 'unhealthy';

interface Created {
  readonly name?: string;
  readonly Image: string;
  readonly Env?: readonly string[];
  readonly Labels?: Readonly<Record<string, string>>;
  readonly HostConfig?: { readonly NetworkMode?: string };
}

export interface FakeContainerOptions {
  readonly labels: Readonly<Record<string, string>>;
  readonly health?: Health;
  /** Whether its port accepts connections as soon as it runs. Default: yes. */
  readonly listens?: boolean;
}

/** What a fake image is: how its containers behave. */
export interface FakeImage {
  readonly health?: Health;
  /** It ends with this exit code as soon as it is started. */
  readonly endsWith?: number;
  readonly listens?: boolean;
}

/** A port at which nobody listens: tcpmux is of another age. */
const NOBODY = 1;

export class FakeContainer {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly environment: readonly string[];
  readonly image: string;
  health: Health;
  status: 'created' | 'running' | 'exited' = 'created';
  exitCode = 0;
  startedAt = '';
  readonly created: string;
  /** Requests that it was asked. */
  requests = 0;
  /** Requests wait until `release`. */
  isHolding = false;
  readonly #held: (() => void)[] = [];
  readonly #server: Server;
  readonly #listens: boolean;

  constructor(at: number, created: Created, image: FakeImage) {
    this.id = String(at).padStart(64, '0');
    this.name = created.name ?? `fake-${String(at)}`;
    this.labels = created.Labels ?? {};
    this.environment = created.Env ?? [];
    this.image = created.Image;
    this.health = image.health ?? 'none';
    this.created = new Date(1_700_000_000_000 + at * 1000).toISOString();
    this.#listens = image.listens ?? true;
    const { listener } = counting({ name: this.name });
    this.#server = createServer((request, response) => {
      this.requests += 1;
      const answer = () => {
        listener(request, response);
      };
      if (this.isHolding) this.#held.push(answer);
      else answer();
    });
  }

  /** Where it is published; undefined: nowhere. */
  get port(): number | undefined {
    return (this.#server.address() as AddressInfo | null)?.port;
  }

  async start(at: string): Promise<void> {
    this.status = 'running';
    this.startedAt = at;
    if (this.#listens) await this.listen();
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  release(): void {
    this.isHolding = false;
    for (const answer of this.#held.splice(0)) answer();
  }

  /** Its process ends. `isAtOnce`: without answering what it has. */
  async end(exitCode: number, isAtOnce: boolean): Promise<void> {
    this.status = 'exited';
    this.exitCode = exitCode;
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    if (isAtOnce) this.#server.closeAllConnections();
    else this.#server.closeIdleConnections();
    await closed;
  }

  get described(): unknown {
    const hostPort = this.#listens ? this.port : NOBODY;
    const published =
      hostPort === undefined ? null : [{ HostIp: '127.0.0.1', HostPort: String(hostPort) }];
    return {
      Id: this.id,
      Name: `/${this.name}`,
      Created: this.created,
      State: {
        Status: this.status,
        ExitCode: this.exitCode,
        StartedAt: this.startedAt,
        ...(this.health === 'none' ? {} : { Health: { Status: this.health } }),
      },
      Config: { Labels: this.labels, Env: this.environment },
      HostConfig: { NetworkMode: 'bridge' },
      NetworkSettings: {
        Networks: { bridge: { IPAddress: '' } },
        Ports: { [`${this.labels['cutover.port'] ?? '80'}/tcp`]: published },
      },
    };
  }
}

export class FakeEngine {
  readonly socket: string;
  /** By the name with its tag. */
  readonly images = new Map<string, FakeImage>([['demo:1', {}]]);
  /** What can be pulled. */
  readonly registry = new Map<string, FakeImage>();
  /** Until it is released, a pull goes on. */
  pulling: Promise<void> = Promise.resolve();
  readonly containers = new Map<string, FakeContainer>();
  /** Of calls: `POST /containers/ID/start` and the like. */
  readonly asked: string[] = [];
  /** Bodies of what was asked to be created. */
  readonly created: Created[] = [];
  /** Calls wait for ever. */
  isHanging = false;
  readonly #listeners = new Set<ServerResponse>();
  readonly #connections = new Set<Socket>();
  readonly #server: Server;
  #count = 0;

  private constructor(socket: string) {
    this.socket = socket;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((cause: unknown) => {
        response.writeHead(500).end(JSON.stringify({ message: String(cause) }));
      });
    });
    this.#server.on('connection', connection => {
      this.#connections.add(connection);
      this.mostConnections = Math.max(this.mostConnections, this.#connections.size);
      connection.once('close', () => this.#connections.delete(connection));
    });
  }

  static async start(stage: Stage): Promise<FakeEngine> {
    const engine = new FakeEngine(join(await stage.folder(), 'engine.sock'));
    await engine.listen();
    stage.atEnd(() => engine.close());
    return engine;
  }

  /** How many connections to it were open at a time. */
  mostConnections = 0;

  /** How many connections to it are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** `patience`: milliseconds for one call. `most`: containers that are looked at. */
  client(patience?: number, most?: number): DockerEngine {
    return new DockerEngine({ path: this.socket }, patience, most);
  }

  async listen(): Promise<void> {
    this.#server.listen(this.socket);
    await once(this.#server, 'listening');
  }

  /** The engine goes; its containers stay. */
  async goAway(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  async close(): Promise<void> {
    await this.goAway();
    for (const each of this.containers.values()) {
      each.release();
      await each.end(0, true);
    }
  }

  /** As `docker run`. */
  async run(name: string, options: FakeContainerOptions): Promise<FakeContainer> {
    const created = { name, Image: 'demo:1', Labels: options.labels };
    const container = this.#add(created, options);
    await this.startAgain(container);
    return container;
  }

  async startAgain(container: FakeContainer): Promise<void> {
    this.#count += 1;
    await container.start(new Date(1_700_000_000_000 + this.#count * 1000).toISOString());
    this.tell(container, 'start');
  }

  /** The container is told to end, as `docker stop` begins; it goes on until `end`. */
  told(container: FakeContainer, signal = 15): void {
    this.tell(container, 'kill', { signal: String(signal) });
  }

  async end(container: FakeContainer, exitCode: number, isAtOnce = true): Promise<void> {
    await container.end(exitCode, isAtOnce);
    this.tell(container, 'die', { exitCode: String(exitCode) });
  }

  /** As `docker rm -f`. */
  async remove(container: FakeContainer): Promise<void> {
    if (container.status === 'running') {
      this.told(container, 9);
      await this.end(container, 137);
    }
    this.containers.delete(container.id);
    this.tell(container, 'destroy');
  }

  becomes(container: FakeContainer, health: Health): void {
    container.health = health;
    this.tell(container, `health_status: ${health}`);
  }

  tell(container: FakeContainer, action: string, more: Readonly<Record<string, string>> = {}) {
    const event = {
      Type: 'container',
      Action: action,
      Actor: {
        ID: container.id,
        Attributes: { name: container.name, ...container.labels, ...more },
      },
    };
    for (const listener of this.#listeners) listener.write(`${JSON.stringify(event)}\n`);
  }

  named(name: string): FakeContainer | undefined {
    return [...this.containers.values()].find(each => each.name === name);
  }

  #add(created: Created, image: FakeImage): FakeContainer {
    const container = new FakeContainer((this.#count += 1), created, image);
    this.containers.set(container.id, container);
    this.tell(container, 'create');
    return container;
  }

  /** What is returned says nothing: whoever answers, answers by `response`. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine');
    this.asked.push(`${request.method ?? ''} ${pathname}`);
    if (this.isHanging) return undefined;
    if (pathname === '/events') {
      response.writeHead(200).flushHeaders();
      this.#listeners.add(response);
      response.once('close', () => this.#listeners.delete(response));
      return undefined;
    }
    const json = (status: number, value?: unknown) =>
      response.writeHead(status).end(value === undefined ? '' : JSON.stringify(value));
    const missing = (what: string) => json(404, { message: `No such ${what}` });
    if (pathname === '/containers/json') return json(200, this.#listed());
    if (pathname === '/containers/create') {
      const body = JSON.parse(await textOf(request)) as Created;
      const name = searchParams.get('name');
      this.created.push(body);
      const image = this.images.get(body.Image);
      if (image === undefined) return missing(`image: ${body.Image}`);
      const container = this.#add(name === null ? body : { ...body, name }, image);
      return json(201, { Id: container.id, Warnings: [] });
    }
    if (pathname === '/images/create') return this.#pull(searchParams, response);
    const [, image] = /^\/images\/(.+)\/json$/.exec(pathname) ?? [];
    if (image !== undefined) {
      return this.images.has(decodeURIComponent(image))
        ? json(200, {})
        : missing(`image: ${image}`);
    }
    const [, id = '', verb = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    const container = this.containers.get(id);
    if (container === undefined) return missing(`container: ${id}`);
    switch (`${request.method ?? ''} ${verb}`) {
      case 'GET json':
        return json(200, container.described);
      case 'POST start':
        await this.#started(container);
        return json(204);
      case 'POST stop':
        if (container.status !== 'running') return json(304);
        this.told(container);
        await this.end(container, 0, false);
        return json(204);
      case 'DELETE ':
        await this.remove(container);
        return json(204);
      default:
        return missing('call');
    }
  }

  /** Newest first. */
  #listed(): unknown {
    return [...this.containers.values()]
      .map(({ id, labels, status }) => ({ Id: id, Labels: labels, State: status }))
      .toReversed();
  }

  async #started(container: FakeContainer): Promise<void> {
    const { endsWith } = this.images.get(container.image) ?? {};
    await this.startAgain(container);
    if (endsWith !== undefined) await this.end(container, endsWith);
  }

  async #pull(about: URLSearchParams, response: ServerResponse): Promise<void> {
    const tag = about.get('tag');
    const name = `${about.get('fromImage') ?? ''}${tag === null ? '' : `:${tag}`}`;
    response.writeHead(200).write(`${JSON.stringify({ status: `Pulling ${name}` })}\n`);
    await this.pulling;
    const image = this.registry.get(name);
    if (image === undefined) {
      response.end(`${JSON.stringify({ error: `manifest for ${name} not found` })}\n`);
      return;
    }
    this.images.set(name, image);
    response.end(`${JSON.stringify({ status: 'Download complete' })}\n`);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += String(piece);
  return text;
}
