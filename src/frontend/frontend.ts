/**
 * The frontend process: puts clients, dispatcher and workers together, and decides nothing itself.
 * Started by `cutover frontend`, ends by `stop`.
 */
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { ControlLinks } from '../announcements/control-links.js';
import { Measuring } from '../announcements/measuring.js';
import { ProxyReader } from '../http/proxy-protocol.js';
import { RequestReader } from '../http/request-reader.js';
import type { Config } from '../config/config.js';
import { asConfigured, type Finder } from '../discovery/finder.js';
import type { Cancel, Clock } from '../kernel/clock.js';
import type { ErrorCode } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { exchangeId } from '../kernel/ids.js';
import { connectionsWithin, openFilesLimit } from '../kernel/limits.js';
import type { Place } from '../kernel/place.js';
import type { Role } from '../kernel/role.js';
import type { Keyring } from '../security/keyring.js';
import { bindDevice, type DeviceRouter } from '../sockets/device.js';
import type { StreamServer } from '../sockets/stream-server.js';
import { encodeMessage } from '../wire/control-message.js';
import { kinds, type Failure, type OfExchange } from '../wire/envelope.js';
import type { RequestEnd } from '../wire/measures.js';
import { ClientConnection } from './client-connection.js';
import { Clients } from './clients.js';
import { Counts } from './counts.js';
import { Dispatcher } from './dispatcher.js';
import { drained } from './drain.js';
import { Exchange, type Asker, type WholeRequest } from './exchange.js';
import { Incoming } from './incoming.js';
import { openServers, type Descriptors } from './listening.js';
import { checkSpool, Spool } from './spool.js';
import type { AccessEntry } from '../telemetry/access-entry.js';
import { AccessLog } from '../telemetry/access-log.js';
import { HexPool } from '../telemetry/hex-pool.js';
import { IdMaker } from '../telemetry/request-ids.js';
import { Workers } from './workers.js';

export interface FrontendOptions {
  readonly config: Config;
  /** Where the device listens: `ipc://path` or `tcp://host:port`. */
  readonly device: string;
  readonly descriptors: Descriptors;
  /** Where controls tell of versions; undefined: workers learn of them elsewhere. */
  readonly control?: readonly string[] | undefined;
  /** Undefined: addresses are taken as they stand. */
  readonly finder?: Finder | undefined;
  /** Undefined: links have no keys. */
  readonly keyring?: Keyring | undefined;
  /** What control calls us. */
  readonly name?: string | undefined;
  /** Where we run; undefined: not known. */
  readonly place?: Place | undefined;
  /**
   * Whoever comes waits for somebody else from now on; false: it cannot be done. Undefined: nobody else has
   * our listening sockets, so there is nobody to wait for.
   */
  readonly takeNoMore?: (() => Promise<boolean>) | undefined;
  readonly clock: Clock;
  readonly report: Report;
}

/** Milliseconds between two looks at deadlines: they are kept to about so much. */
const SWEEP = 250;
const LEAST_LINGER = 500;
/** Of those who come last so many may have a large body. */
const LAST_BODIES = 64;

/** Throws StartError: address taken, path not writable, too few descriptors. */
export async function startFrontend(options: FrontendOptions): Promise<Role> {
  const { config, descriptors, keyring, clock, report } = options;
  const connections = connectionsWithin(openFilesLimit(), config.limits.connections);
  await checkSpool(config.limits.spool ?? tmpdir());
  const now = () => clock.now();
  const guard = keyring && { credentials: keyring.toWorkers, now, report };
  const device = await bindDevice(options.device, guard);
  let accessLog: AccessLog | undefined;
  try {
    accessLog = await AccessLog.open(config, { clock, report });
    const servers = await openServers(config, descriptors);
    return new Frontend(options, { device, servers, accessLog }, connections);
  } catch (cause) {
    device.close();
    await accessLog?.close();
    throw cause;
  }
}

/** No server has seen the request, and perhaps only its worker cannot reach one. */
const noWay: ReadonlySet<ErrorCode> = new Set(['ERR_SERVER_REFUSED', 'ERR_SERVER_UNREACHABLE']);

interface Opened {
  readonly device: DeviceRouter;
  readonly servers: readonly StreamServer[];
  readonly accessLog: AccessLog | undefined;
}

class Frontend implements Role {
  readonly stopped: Promise<void>;
  readonly #options: FrontendOptions;
  readonly #device: DeviceRouter;
  readonly #servers: readonly StreamServer[];
  readonly #accessLog: AccessLog | undefined;
  readonly #ids: IdMaker | undefined;
  readonly #mostConnections: number;
  readonly #spool: Spool;
  readonly #dispatcher: Dispatcher;
  readonly #workers: Workers;
  readonly #counts = new Counts();
  readonly #controls: ControlLinks | undefined;
  readonly #measuring: Measuring | undefined;
  readonly #clients: readonly Clients[];
  readonly #cancels: readonly Cancel[];
  // Ids of a predecessor must not be taken for ours: a worker may still speak of them.
  #lastExchange = randomInt(2 ** 31);
  #isStopping = false;
  /** Monotonic milliseconds. */
  #lastConnect = -Infinity;
  #isFullReported = false;
  #stop: Promise<void> | undefined;

  constructor(options: FrontendOptions, opened: Opened, mostConnections: number) {
    const { device, servers, accessLog } = opened;
    const { config, place, clock } = options;
    const { limits, timeouts } = config;
    const report: Report = event => {
      this.#counts.happened(event);
      options.report(event);
    };
    this.#options = { ...options, report };
    this.#device = device;
    this.#servers = servers;
    this.#accessLog = accessLog;
    this.#ids = config.telemetry.ids ? new IdMaker(new HexPool()) : undefined;
    this.#mostConnections = mostConnections;
    this.#spool = new Spool({
      memory: limits.memory,
      disk: limits.spooled,
      folder: limits.spool ?? tmpdir(),
    });
    this.#dispatcher = new Dispatcher(
      {
        queue: limits.queue,
        outstanding: limits.outstanding,
        wait: timeouts.queue * 1000,
        waited: ms => this.#counts.waited(ms),
      },
      () => clock.now(),
    );
    this.#workers = new Workers(
      {
        send: (routingId, packed) => device.send(routingId, packed),
        said: (exchange, envelope) => this.#said(exchange, envelope),
        broken: (exchange, cause) => this.#broken(exchange, cause),
      },
      {
        name: device.address,
        place,
        window: config.device.window,
        accounts: accessLog !== undefined || config.telemetry.answerHeader,
        heartbeat: config.device.heartbeat * 1000,
        silence: config.device.silence * 1000,
      },
      this.#dispatcher,
      this.#options,
    );
    this.#controls = this.#linkToControls();
    this.#measuring = this.#measure(this.#controls);
    this.#clients = servers.map((server, index) => this.#clientsOf(server, index > 0));
    const { control = [], finder = asConfigured } = options;
    this.#cancels = [
      clock.every(SWEEP, () => this.#sweep()),
      finder.watch('controls', control, found => this.#controls?.want(found)),
    ];
    this.stopped = this.#run();
    this.stopped.catch(() => undefined); // whoever waits for it hears of it
    for (const { host, port } of servers) {
      report({
        type: 'frontend-listening',
        address: `${host}:${port}`,
        device: device.address,
      });
    }
  }

  stop(): Promise<void> {
    this.#stop ??= this.#drain();
    return this.#stop;
  }

  /** Reads all sockets until they are closed. */
  async #run(): Promise<void> {
    const readers = this.#servers.map((server, index) => this.#clients[index]?.read(server));
    try {
      await Promise.all([this.#readDevice(), this.#controls?.run(), ...readers]);
    } finally {
      this.#close();
      await this.#accessLog?.close();
    }
    this.#options.report({ type: 'frontend-stopped' });
  }

  async #readDevice(): Promise<void> {
    for await (const frames of this.#device) this.#workers.received(frames);
  }

  /** We heed no table ourselves: we keep it for workers that come while control is away. */
  #linkToControls(): ControlLinks | undefined {
    const { config, control, keyring, name = 'frontend', clock, report } = this.#options;
    if (control === undefined) return undefined;
    return new ControlLinks({
      credentials: keyring?.toControl,
      name,
      role: 'frontend',
      heartbeat: config.device.heartbeat * 1000,
      silence: config.device.silence * 1000,
      clock,
      report,
      take: message => this.#workers.keep(encodeMessage(message)),
    });
  }

  #measure(link: ControlLinks | undefined): Measuring | undefined {
    const { clock } = this.#options;
    const dispatcher = this.#dispatcher;
    return (
      link &&
      new Measuring({
        link,
        clock,
        take: () => {
          const { inFlight, queued, workers } = dispatcher;
          const connections = this.#connections;
          return this.#counts.take({ inFlight, queued, workers, connections });
        },
      })
    );
  }

  /** Of clients. */
  get #connections(): number {
    return this.#clients.reduce((sum, { size }) => sum + size, 0);
  }

  #clientsOf(server: StreamServer, isTrusted: boolean): Clients {
    const { config, clock, report } = this.#options;
    const { limits, timeouts, proxy } = config;
    const incomingLimits = {
      headTimeout: timeouts.head * 1000,
      bodyTimeout: timeouts.body * 1000,
      pipeline: limits.pipeline,
      forwarded: proxy.forwarded,
      upgrades: proxy.upgrades,
    };
    const connectionLimits = {
      idle: timeouts.idle * 1000,
      tunnel: timeouts.tunnel * 1000,
      grant: Math.min(32_768, Math.ceil(config.device.window / 2)),
      tellsWho: config.telemetry.answerHeader,
    };
    const accessLog = this.#accessLog;
    const ids = this.#ids;
    const wall = accessLog && (() => clock.wall());
    const collector = () => this.#spool.collector();
    const now = () => clock.now();
    const frontend = {
      ask: (request: WholeRequest, asker: Asker) => this.#ask(request, asker),
      ended: (exchange: Exchange) => this.#dispatcher.ended(exchange),
      cancel: (exchange: Exchange) => this.#dispatcher.cancel(exchange),
      grant: (exchange: Exchange, bytes: number) => this.#dispatcher.grant(exchange, bytes),
      refused: (code: ErrorCode, because: string, requestId: string | undefined) =>
        report({ type: 'request-refused', code, because, requestId }),
      over: (end: RequestEnd, status: number | undefined, ms: number) =>
        this.#counts.request(end, status, ms),
      log: accessLog && ((entry: AccessEntry) => accessLog.write(entry)),
      isStopping: () => this.#isStopping,
    };
    const incoming = (arrived: () => void) =>
      new Incoming(
        new RequestReader(limits),
        incomingLimits,
        { now, collector, arrived, ids, wall },
        isTrusted ? new ProxyReader() : undefined,
      );
    const { ask, ended, cancel, grant, refused, over, log, isStopping } = frontend;
    return new Clients({
      connection: (routingId, closed) => {
        const send = (bytes: Buffer) => server.send(routingId, bytes);
        // One by one: spreading ten functions costs more than the rest of a connection's objects.
        const host = { ask, ended, cancel, grant, refused, over, log, isStopping, send, closed };
        return this.#connected(
          new ClientConnection({ host, limits: connectionLimits, clock, incoming }),
        );
      },
      pressure: () => this.#spool.pressure,
    });
  }

  #connected(connection: ClientConnection): ClientConnection {
    this.#lastConnect = this.#options.clock.now();
    this.#counts.accepted();
    // A spooled body takes a descriptor as well.
    const count = 1 + this.#connections + this.#spool.files;
    if (count <= this.#mostConnections) return connection;
    this.#counts.refused('ERR_CONNECTIONS_FULL');
    connection.turnAway();
    if (!this.#isFullReported) {
      this.#options.report({ type: 'connections-full', limit: this.#mostConnections });
    }
    this.#isFullReported = true;
    return connection;
  }

  #ask(request: WholeRequest, asker: Asker): Exchange | ErrorCode {
    this.#lastExchange += 1;
    const exchange = new Exchange(exchangeId(this.#lastExchange), request, asker);
    return this.#dispatcher.ask(exchange) ?? exchange;
  }

  #said(exchange: Exchange, envelope: OfExchange): void {
    switch (envelope[0]) {
      case kinds.answer:
        return exchange.asker.answer(envelope);
      case kinds.part:
        return exchange.asker.part(envelope);
      case kinds.interim:
        return exchange.asker.interim(envelope);
      case kinds.credit:
        return exchange.granted(envelope[2]);
      case kinds.again:
        return exchange.again();
      case kinds.failure:
        return this.#failed(exchange, envelope);
    }
  }

  #failed(exchange: Exchange, [, , code, because, account]: Failure): void {
    // What a client sends into a tunnel is not kept.
    const mayMove = noWay.has(code) && !exchange.answered && !exchange.request.upgrade;
    if (mayMove && this.#dispatcher.elsewhere(exchange)) return;
    this.#dispatcher.ended(exchange);
    if (exchange.answered) exchange.asker.cut();
    else exchange.asker.failed(code, because, account);
  }

  #broken(exchange: Exchange, cause: unknown): void {
    this.#options.report({ type: 'spool-failed', because: String(cause) });
    this.#dispatcher.cancel(exchange);
    if (exchange.answered) exchange.asker.cut();
    else exchange.asker.failed('ERR_SPOOL', String(cause));
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    for (const clients of this.#clients) clients.sweep(now);
    this.#dispatcher.sweep(now);
    this.#workers.sweep(now);
    this.#controls?.sweep(now);
    this.#isFullReported = false;
  }

  async #drain(): Promise<void> {
    const { clock, config, report, takeNoMore } = this.#options;
    this.#isStopping = true;
    const connections = this.#connections;
    report({ type: 'frontend-draining', exchanges: this.#dispatcher.inFlight, connections });
    const patience = {
      requests: config.timeouts.drain * 1000,
      tunnels: config.timeouts.drainTunnel * 1000,
    };
    const deadline = clock.now() + patience.requests;
    await drained({
      clients: this.#clients,
      clock,
      patience,
      lastConnect: () => this.#lastConnect,
      takeNoMore: takeNoMore && (() => this.#takeNoMore(takeNoMore)),
    });
    this.#close(deadline);
    await this.stopped;
  }

  /** Who was taken last may have a large body. If there is no place for it, that is told then. */
  async #takeNoMore(takeNoMore: () => Promise<boolean>): Promise<boolean> {
    await this.#spool.reserve(LAST_BODIES).catch(() => undefined);
    if (await takeNoMore()) return true;
    await this.#spool.releaseSpare();
    return false;
  }

  /** What libzmq has of answers may still go out until the deadline: slow clients read slowly. */
  #close(deadline = 0): void {
    for (const cancel of this.#cancels) cancel();
    for (const clients of this.#clients) clients.end();
    this.#measuring?.close();
    this.#controls?.close();
    this.#workers.leave();
    const linger = Math.max(LEAST_LINGER, deadline - this.#options.clock.now());
    for (const server of this.#servers) server.close(Math.ceil(linger));
    this.#device.close();
    void this.#spool.releaseSpare();
  }
}
