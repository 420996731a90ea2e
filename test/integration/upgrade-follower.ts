/** A worker's part in routing, everything of it real but its sockets and its servers. */
import type { VersionId } from '../../src/kernel/ids.js';
import { versionId } from '../../src/kernel/ids.js';
import { newTally, type Tally } from '../../src/verdict/tally.js';
import { firstTable, upgradeOf, type RoutingTable } from '../../src/versions/routing-table.js';
import type { Version } from '../../src/versions/version.js';
import {
  decodeFromControl,
  encodeMessage,
  type FromFollower,
  type TableMessage,
} from '../../src/wire/control-message.js';
import type { Progress, VersionReport } from '../../src/wire/report.js';
import { Admissions, type Admitted } from '../../workers/admissions.js';
import type { Server } from '../../workers/containers/server.js';
import { Fleet } from '../../workers/fleet.js';
import { GradualShare } from '../../workers/observation/gradual-share.js';
import { decided } from '../../workers/strategies/strategies.js';
import { FakeServer, FakeServers } from '../unit/workers/stand.js';

export interface Surroundings {
  /** Milliseconds since 1970. */
  wall(): number;
  chance(): number;
  /** To control. */
  hears(routingId: Buffer, packed: Buffer): void;
}

/** What a worker begins with, until it is told. */
const configured: RoutingTable = firstTable({
  id: versionId('00000000-0000-4000-8000-000000000000'),
  number: '0.0',
  servers: [{ host: '127.0.0.1', port: 9000 }],
  transition: { mode: 'INSTANT' },
});

/** Seconds. */
export const TIMEOUT = 4;

const noServers = new Set<Server>();

export class Follower {
  readonly routingId: Buffer;
  readonly share = new GradualShare();
  readonly admissions: Admissions;
  readonly fleet: Fleet;
  table: RoutingTable = configured;
  keys: readonly string[] = [];
  /** Of the table that it was given; 0: none. */
  edition = 0;
  readonly #surroundings: Surroundings;
  #sequence = 0;
  #toldUpTo = 0;
  #counted = 0;

  constructor(surroundings: Surroundings, n: number) {
    this.#surroundings = surroundings;
    this.routingId = Buffer.from([0, n >> 8, n & 255]);
    this.fleet = new Fleet(this.table, serversOf);
    this.admissions = new Admissions(this.table, [], {
      chance: () => surroundings.chance(),
      random: bytes => Buffer.alloc(bytes, n),
      wall: () => surroundings.wall(),
      share: () => this.share.share,
      decide: decided,
      sessionSet: () => undefined,
      timeout: TIMEOUT,
      secure: false,
    });
  }

  /** As the link of a real worker does. */
  received(packed: Buffer): void {
    const message = decodeFromControl(packed);
    switch (message.kind) {
      case 'stranger':
        return this.#follow();
      case 'table':
        return this.#table(message);
      case 'progress':
        return this.#progressed(message.progress);
      case 'shared':
      case 'beat':
        return;
    }
  }

  request(head: string): Admitted {
    const moving = upgradeOf(this.table);
    if (moving?.transition.mode === 'GRADUAL' && this.share.count(true)) this.#counted += 1;
    return this.admissions.admit(head);
  }

  /** Exchanges with one version. */
  report(version: VersionId, tally: Tally): void {
    this.#report({ version, counted: 0, tally, examples: [], sessions: [] });
  }

  /** What was counted since the last time, as a real worker does ten times a second. */
  reportCounted(): void {
    const version = upgradeOf(this.table)?.id;
    if (version === undefined || this.#counted === 0) return;
    this.#report({
      version,
      counted: this.#counted,
      tally: newTally(),
      examples: [],
      sessions: [],
    });
    this.#counted = 0;
    this.share.reportSent(this.#sequence);
  }

  #report(report: VersionReport): void {
    this.#sequence += 1;
    this.#says({ kind: 'report', report: { sequence: this.#sequence, versions: [report] } });
  }

  /** What is asked from `version` on, until no server is left. */
  chain(version: Version): readonly Version[] {
    const tried = new Set<Server>();
    const chain: Version[] = [];
    for (;;) {
      const picked = this.fleet.pick(version.id, tried.size === 0 ? noServers : tried);
      if (picked === undefined) return chain;
      tried.add(picked.server);
      chain.push(picked.version);
    }
  }

  #progressed(progress: Progress): void {
    const taken = Math.max(progress.taken, this.#toldUpTo);
    this.share.progressed({ ...progress, taken });
  }

  #follow(): void {
    const { progress } = this.share;
    this.#toldUpTo = this.#sequence;
    const { edition } = this;
    this.#says({ kind: 'follow', role: 'worker', name: 'worker', edition, progress });
  }

  #table({ table, keys }: TableMessage): void {
    if (table.edition < this.edition) throw new Error('an older table was announced');
    if (table.edition > this.edition || keys.join() !== this.keys.join()) {
      if (upgradeOf(table)?.id !== upgradeOf(this.table)?.id) this.#counted = 0;
      this.table = table;
      this.keys = keys;
      this.edition = table.edition;
      this.share.take(table);
      this.admissions.take(table, keys);
      this.fleet.take(table);
    }
    this.#says({ kind: 'acknowledge', edition: table.edition });
  }

  #says(message: FromFollower): void {
    this.#surroundings.hears(this.routingId, encodeMessage(message));
  }
}

const serversOf = ({ servers }: Version) =>
  new FakeServers(servers.map(({ port }) => new FakeServer(String(port)))).asServers;
