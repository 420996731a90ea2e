/** Clients of every frontend, with a ledger of all that they ask and that containers have begun. */
import { expect } from 'chai';
import { noFaults, Ledger, ways } from '../faults/ledger.js';
import { get, post, put, Traffic, upload, type Kind } from '../faults/traffic.js';
import { draws } from '../support/draws.js';
import type { Stage } from '../support/stage.js';
import { HOSTS, type HostName, type Hosts } from './hosts.js';

const safe = (method: string): Kind => ({ method, body: 0, isSafe: true });

/** Three in ten are not safe to repeat. */
const mix: readonly Kind[] = [
  ...[get, get, get, safe('DELETE'), safe('OPTIONS'), put, upload],
  ...[post, post, post],
];

/** At each frontend. */
const CLIENTS = 3;
/** Milliseconds: so the load leaves the processors to others. */
const PAUSE = 20;

/** What a client may be told of a request that is not safe to repeat. */
const HONEST = ['502', '504'];

let loads = 0;

export interface Passed {
  readonly sent: number;
  readonly answered: number;
  /** Requests that were not answered, by what their client was told: not safe to repeat, or cut off with a host. */
  readonly failed: Readonly<Record<string, number>>;
}

export class HostsLoad {
  readonly #hosts: Hosts;
  readonly #stage: Stage;
  readonly #ledger = new Ledger();
  readonly #chance = draws(7);
  readonly #traffics = new Map<HostName, Traffic>();
  #parts = 0;

  constructor(stage: Stage, hosts: Hosts) {
    this.#stage = stage;
    this.#hosts = hosts;
    loads += 1;
    for (const host of HOSTS) this.join(host);
  }

  /** Clients come to this frontend. */
  join(host: HostName): void {
    this.#parts += 1;
    const traffic = Traffic.start(this.#stage, {
      reach: { port: this.#hosts.portOf(host) },
      clients: CLIENTS,
      mix,
      chance: this.#chance,
      prefix: `hosts${loads}-${this.#parts}`,
      ledger: this.#ledger,
      pause: PAUSE,
    });
    this.#traffics.set(host, traffic);
  }

  /** Its clients have given it up, and what they waited for is cut off. The others have theirs. */
  async leave(host: HostName): Promise<void> {
    await this.#traffics.get(host)?.leave();
    this.#traffics.delete(host);
  }

  /** Settles when each frontend that has clients has answered so many more. */
  async more(count: number): Promise<void> {
    await Promise.all([...this.#traffics.values()].map(each => each.more(count)));
  }

  /**
   * Ends the load, and says of it what must hold whatever happened: nothing that is safe to repeat has failed, but
   * for what was cut off with the host that held its connection; nothing else was done twice.
   */
  async passes(more: { readonly unsafe?: readonly string[] } = {}): Promise<Passed> {
    await Promise.all([...this.#traffics.values()].map(each => each.stop()));
    for (const container of Object.values(this.#hosts.containers)) {
      for (const execution of await container.news()) this.#ledger.executed(execution);
    }
    const { faults, failed, counts } = this.#ledger;
    expect(faults, JSON.stringify(ways(failed))).to.deep.equal(noFaults);
    const uncut = failed.filter(({ how }) => how !== 'cut');
    expect(uncut.filter(({ isSafe }) => isSafe).slice(0, 5), 'safe to repeat').to.deep.equal([]);
    const allowed = [...HONEST, ...(more.unsafe ?? [])];
    expect(ways(uncut.filter(({ how }) => !allowed.includes(how)))).to.deep.equal({});
    return { sent: counts.sent, answered: counts.answered, failed: ways(failed) };
  }
}
