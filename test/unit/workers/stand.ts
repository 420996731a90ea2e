/** A worker's exchange between a frontend and containers, none of which is there. */
import type { UpgradeTransition } from '../../../src/config/cluster.js';
import { CutoverError } from '../../../src/kernel/errors.js';
import { exchangeId, share, versionId } from '../../../src/kernel/ids.js';
import { isNonEmpty } from '../../../src/kernel/non-empty.js';
import type { RoutingTable } from '../../../src/versions/routing-table.js';
import type { Pair } from '../../../src/verdict/pair.js';
import type { Version } from '../../../src/versions/version.js';
import { framingAt, kinds, type FromWorker, type Request } from '../../../src/wire/envelope.js';
import type { Observation } from '../../../src/wire/observation.js';
import type { Admitted } from '../../../workers/admissions.js';
import type { AskingLimits } from '../../../workers/asking.js';
import { NoiseBook } from '../../../workers/comparison/noise-book.js';
import type { Lent, Server } from '../../../workers/containers/server.js';
import type { Servers } from '../../../workers/containers/servers.js';
import { Exchange } from '../../../workers/exchange.js';
import { Fleet } from '../../../workers/fleet.js';
import type { Served } from '../../../workers/observation/counts.js';
import type { Blame } from '../../../workers/observation/withheld.js';
import { RetryBudget } from '../../../workers/rescue/budget.js';
import { FakeClock } from '../support-clock.js';
import { settled } from '../frontend/stand.js';

/** A container's end of a connection. */
export class FakeConnection implements Lent {
  readonly isUsed: boolean;
  sent = '';
  isClosed = false;
  /** Milliseconds that it may be kept; `closed`: not; undefined: it was not given back. */
  fate: number | 'closed' | undefined;
  /** Until the test lets it, nothing is taken. */
  taking: Promise<void> = Promise.resolve();
  readonly #pieces: Buffer[] = [];
  #wake: (() => void) | undefined;

  constructor(isUsed = false) {
    this.isUsed = isUsed;
  }

  readonly stream = {
    send: async (bytes: Buffer): Promise<void> => {
      await this.taking;
      if (this.isClosed) throw new CutoverError('ERR_SERVER_RESET', 'closed');
      this.sent += bytes.toString('latin1');
    },
    receive: () => this.receive(),
    close: () => {
      this.isClosed = true;
      this.#wake?.();
    },
  };

  /** A piece that arrived is read, though the connection was closed behind it. */
  async receive(): Promise<Buffer> {
    while (this.#pieces.length === 0 && !this.isClosed) {
      await new Promise<void>(resolve => (this.#wake = resolve));
    }
    return this.#pieces.shift() ?? Buffer.alloc(0);
  }

  async says(...pieces: string[]): Promise<void> {
    for (const each of pieces) {
      this.saysAtOnce(each);
      await settled();
    }
  }

  saysAtOnce(piece: string): void {
    this.#pieces.push(Buffer.from(piece, 'latin1'));
    this.#wake?.();
  }

  async hangsUp(): Promise<void> {
    await this.says('');
  }
}

/** Lends what the test has prepared for it, in order. */
export class FakeServer {
  readonly name: string;
  readonly connections: (FakeConnection | CutoverError | Promise<FakeConnection>)[];
  /** Of each connection that it was asked for: whether nobody might have used it. */
  readonly fresh: boolean[] = [];

  /** What it says to `isReachable`, and how often it was asked. */
  reachable: Promise<boolean> = Promise.resolve(true);
  asked = 0;

  constructor(name: string, ...connections: FakeServer['connections']) {
    this.name = name;
    this.connections = connections;
  }

  async lend(isFresh = false): Promise<Lent> {
    this.fresh.push(isFresh);
    const next = await this.connections.shift();
    if (next === undefined || next instanceof CutoverError) throw next ?? new Error('no more');
    return next;
  }

  isReachable(): Promise<boolean> {
    this.asked += 1;
    return this.reachable;
  }

  giveBack(lent: FakeConnection, idle: number | undefined): void {
    lent.fate = idle ?? 'closed';
    if (idle === undefined) lent.stream.close();
  }
}

/** The servers of a version: the first that was not tried. */
export class FakeServers {
  readonly list: readonly FakeServer[];
  /** What it was told of them. */
  readonly heard: string[] = [];
  isClosed = false;
  /** Whose failures are said to be its servers'. */
  blame: Blame = 'undecided';

  constructor(list: readonly FakeServer[]) {
    this.list = list;
  }

  pick(tried: { has(server: Server): boolean }): Server | undefined {
    return (this.list as unknown as readonly Server[]).find(each => !tried.has(each));
  }

  left(tried: { has(server: Server): boolean }): number {
    return (this.list as unknown as readonly Server[]).filter(each => !tried.has(each)).length;
  }

  take(): void {
    this.heard.push('take');
  }

  succeeded({ name }: { name: string }): void {
    this.heard.push(`${name} succeeded`);
  }

  failed({ name }: { name: string }, _sent?: number, isAnswer = false): Blame {
    this.heard.push(isAnswer ? `${name} failed in its application` : `${name} failed`);
    return this.blame;
  }

  sweep(): void {
    this.heard.push('sweep');
  }

  close(): void {
    this.isClosed = true;
  }

  get asServers(): Servers {
    return this as unknown as Servers;
  }
}

export const refused = new CutoverError('ERR_SERVER_REFUSED', 'refused');
export const ID = exchangeId(7);
export const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const VIA = 'Via: 1.1 cutover\r\n';
/** How the fields of `OK` are told in words. */
export const LENGTH = JSON.stringify('Content-Length: 2\r\n');
export const ANSWERED = `answer 200 length ${LENGTH} "hi"`;

/** An answer whose length is declared. */
export const answer = (body: string, status = 200): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** That answer in words. */
export const inAnswer = (body: string, status = 200): string =>
  `answer ${status} length ${JSON.stringify(`Content-Length: ${body.length}\r\n`)} "${body}"`;

export const usualLimits: AskingLimits = {
  answerTimeout: 1000,
  connectTimeout: 300,
  streamTimeout: 5000,
  tunnelTimeout: 60_000,
  serverIdle: 4000,
  answer: { head: 1000, fields: 20 },
  window: 100,
  rescuePatience: 300,
  hold: 50,
  honoursIdempotencyKeys: false,
};

/** Milliseconds. */
export const COMPARISON_PATIENCE = 100;
export const NEWER_PATIENCE = 400;

export const request = (
  about: {
    method?: string;
    upgrade?: boolean;
    body?: string;
    more?: boolean;
    head?: string;
  } = {},
): Request => {
  const { method = 'GET', upgrade = false, body = '', more = false, head = HEAD } = about;
  return [kinds.request, ID, method, head, upgrade, Buffer.from(body), more];
};

/** A version with these servers; `transition`: users move to it. */
export function versionOf(
  name: string,
  number: string,
  about: { servers?: readonly FakeServer[] | undefined; transition?: UpgradeTransition } = {},
): Version {
  const { servers = [], transition } = about;
  const addresses = servers.map((each, port) => ({ host: each.name, port: port + 1 }));
  return {
    id: versionId(name),
    number,
    servers: isNonEmpty(addresses) ? addresses : [{ host: 'none', port: 1 }],
    transition: transition ?? { mode: 'INSTANT' },
    state:
      transition === undefined ? { name: 'complete' } : { name: 'running', progress: share(0) },
  };
}

export interface About {
  /** Servers of the version that serves everybody so far. */
  readonly stable?: readonly FakeServer[];
  /** Of the version that users move to. */
  readonly moving?: readonly FakeServer[];
  /** Of a version behind the stable one. */
  readonly oldest?: readonly FakeServer[];
  /** How users move; CONCURRENT asks both versions. */
  readonly transition?: UpgradeTransition;
  readonly asked?: Request;
  /** Bytes that the frontend takes without credit. */
  readonly window?: number;
  /** It wants to hear how the worker came by its answer. */
  readonly accounts?: boolean;
  readonly limits?: Partial<AskingLimits>;
  /** Extra attempts that may be made; usually as many as anybody wants. */
  readonly budget?: number;
  /** Whether the older version may be asked twice. */
  readonly mayAskAgain?: boolean;
  readonly keepsEvidence?: boolean;
  readonly noise?: NoiseBook;
  /** What admission says besides; usually nothing. */
  readonly admitted?: Partial<Admitted>;
}

export class Stand {
  readonly clock = new FakeClock();
  /** What the frontend was told, in words. */
  said: string[] = [];
  readonly reported: string[] = [];
  readonly observed: Observation[] = [];
  /** Of each of them, whose failure it is. */
  readonly blamed: (Blame | undefined)[] = [];
  /** What became of the request, for metrics. */
  readonly served: Served[] = [];
  readonly compared: string[] = [];
  /** Of each observation what would be kept of two answers that differed. */
  readonly pairs: (Pair | undefined)[] = [];
  readonly table: RoutingTable;
  readonly fleet: Fleet;
  readonly servers = new Map<string, FakeServers>();
  readonly budget: RetryBudget;
  readonly exchange: Exchange;
  readonly run: Promise<void>;
  isOver = false;

  constructor(about: About = {}) {
    const { asked = request(), window = 1000, transition = { mode: 'INSTANT' } } = about;
    const stable = versionOf('stable', '1', { servers: about.stable });
    const oldest = about.oldest && versionOf('oldest', '0', { servers: about.oldest });
    const moving = about.moving && versionOf('moving', '2', { servers: about.moving, transition });
    const behind = oldest === undefined ? [] : [oldest];
    const versions = [...(moving === undefined ? [] : [moving]), stable, ...behind];
    if (!isNonEmpty(versions)) throw new Error('the stable version is always there');
    this.table = { edition: 1, versions };
    for (const name of ['stable', 'moving', 'oldest'] as const) {
      this.servers.set(name, new FakeServers(about[name] ?? []));
    }
    this.fleet = new Fleet(this.table, ({ id }) => this.of(id).asServers);
    this.budget = new RetryBudget({ share: 0, perSecond: about.budget ?? 1000, window: 1000 });
    const decision: Admitted['decision'] =
      moving === undefined || transition.mode !== 'CONCURRENT'
        ? { kind: 'one', version: moving ?? stable }
        : { kind: 'both', newer: moving, older: stable };
    this.exchange = new Exchange(
      asked,
      { window, accounts: about.accounts ?? false },
      {
        limits: { ...usualLimits, ...about.limits },
        clock: this.clock,
        fleet: this.fleet,
        budget: this.budget,
        noise: about.noise ?? new NoiseBook({ fields: [], pointers: [] }),
        comparisonPatience: COMPARISON_PATIENCE,
        newerPatience: NEWER_PATIENCE,
        mayAskAgain: () => about.mayAskAgain ?? true,
        keepsEvidence: about.keepsEvidence ?? true,
        push: envelope => this.said.push(inWords(envelope)),
        admit: head => ({
          head,
          decision,
          cookie: '',
          strategy: moving && transition.mode,
          session: 'new',
          ...about.admitted,
        }),
        served: each => this.served.push(each),
        compared: (version, result) => this.compared.push(`${version} ${result}`),
        observed: ({ observation, pair }, blame) => {
          this.observed.push(observation);
          this.pairs.push(pair?.());
          this.blamed.push(blame);
        },
        refused: (server, { code }) => this.reported.push(`${server.name} ${code}`),
        fault: cause => this.reported.push(`fault: ${String(cause)}`),
        failed: ({ server, code }) =>
          this.reported.push(`failed at ${server?.name ?? '-'}: ${code}`),
      },
    );
    this.run = this.exchange.run().then(() => void (this.isOver = true));
  }

  of(name: string): FakeServers {
    const servers = this.servers.get(name);
    if (servers === undefined) throw new Error(`there is no version ${name}`);
    return servers;
  }

  /** What was observed, in words, but for delays. */
  get seen(): readonly string[] {
    return this.observed.map(({ version, server, outcome, code, status, bytes, attempt }) =>
      [`${version} ${server} ${outcome}`, code, status, bytes && `${bytes} bytes`, `#${attempt}`]
        .filter(each => each !== undefined)
        .join(' '),
    );
  }

  async gets(bytes: string, more = true): Promise<void> {
    this.exchange.part(Buffer.from(bytes), more);
    await settled();
  }

  /** Time passes, and the worker looks at its deadlines. */
  async sweeps(ms: number): Promise<void> {
    await this.passes(ms);
    this.exchange.sweep(this.clock.now());
    await settled();
  }

  async passes(ms: number): Promise<void> {
    await settled();
    this.clock.advance(ms);
    await settled();
  }
}

export function inWords(envelope: FromWorker): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  switch (envelope[0]) {
    case kinds.answer: {
      const [, , status, , fields, framing, body, more, trailers] = envelope;
      const shown = fields === VIA ? '' : ` ${JSON.stringify(fields.replace(VIA, ''))}`;
      const rest = `${more ? ' …' : ''}${trailers === '' ? '' : ` ${JSON.stringify(trailers)}`}`;
      return `answer ${status} ${framingAt(framing)}${shown} "${text(body)}"${rest}`;
    }
    case kinds.part:
      return `part "${text(envelope[2])}"${envelope[3] ? ' …' : ''}${envelope[4] === '' ? '' : ` ${JSON.stringify(envelope[4])}`}`;
    case kinds.interim:
      return `interim ${envelope[2]} ${JSON.stringify(envelope[4].replace(VIA, ''))}`;
    case kinds.credit:
      return `credit ${envelope[2]}`;
    case kinds.failure:
      return `failure ${envelope[2]}`;
    case kinds.again:
      return 'again';
    default:
      return `kind ${envelope[0]}`;
  }
}
