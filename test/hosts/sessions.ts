/** Clients with cookies who come by another frontend each time: what they see of versions. */
import type { Stage } from '../support/stage.js';
import { Visitor } from '../support/visitor.js';
import { within } from '../support/within.js';
import { HOSTS, type Hosts } from './hosts.js';

/** Milliseconds between two visits of a session. */
const PAUSE = 50;

export interface Served {
  readonly stable: number;
  readonly newer: number;
  /** By whom they were served, one after another: sessions that did not stay with their version. */
  readonly changed: readonly string[];
}

interface Session {
  readonly visitor: Visitor;
  readonly servers: string[];
}

export class SessionsAtAll {
  readonly #hosts: Hosts;
  readonly #sessions: Session[] = [];
  readonly #done: Promise<void>[] = [];
  #isStopped = false;

  constructor(stage: Stage, hosts: Hosts) {
    this.#hosts = hosts;
    stage.atEnd(() => (this.#isStopped = true));
  }

  /** Settles when so many new ones have been answered once. */
  async begin(count: number): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      const session = { visitor: new Visitor(0), servers: [] };
      await this.#visit(session);
      this.#sessions.push(session);
      this.#done.push(this.#goOn(session));
    }
  }

  /** Settles when each has been answered so many times more. */
  async more(visits: number): Promise<void> {
    const enough = this.#sessions.map(({ servers }) => servers.length + visits);
    const there = async () => {
      while (this.#sessions.some(({ servers }, at) => servers.length < enough[at]!)) await pause();
    };
    await within(30_000, 'sessions go on', there());
  }

  async stop(): Promise<Served> {
    this.#isStopped = true;
    await Promise.all(this.#done);
    const kinds = this.#sessions.map(({ servers }) => new Set<string>(servers.map(versionOf)));
    const stayed = (kind: string) => kinds.filter(each => each.size === 1 && each.has(kind)).length;
    const changed = this.#sessions.filter((_, at) => kinds[at]!.size > 1);
    return {
      stable: stayed('stable'),
      newer: stayed('newer'),
      changed: changed.map(({ servers }) => servers.join()),
    };
  }

  async #goOn(session: Session): Promise<void> {
    while (!this.#isStopped) {
      await pause();
      await this.#visit(session);
    }
  }

  async #visit({ visitor, servers }: Session): Promise<void> {
    const host = HOSTS[servers.length % HOSTS.length]!;
    const { status, server } = await visitor.ask('GET', '/', this.#hosts.portOf(host));
    if (status !== 200) throw new Error(`a session was told ${status}`);
    servers.push(server);
  }
}

const versionOf = (server: string) => (server === 'new' ? 'newer' : 'stable');

const pause = () => new Promise(resume => setTimeout(resume, PAUSE));
