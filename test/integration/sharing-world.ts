/**
 * Workers that share a budget and what they know of servers, and the controls between them: all that decides is
 * real; sockets, servers and time are the test's.
 */
import { Sharing as ControlSharing } from '../../src/control/sharing.js';
import { versionId, type WorkerId } from '../../src/kernel/ids.js';
import { firstTable } from '../../src/versions/routing-table.js';
import {
  decodeFromControl,
  decodeFromFollower,
  encodeMessage,
} from '../../src/wire/control-message.js';
import type { Standing } from '../../src/wire/shared.js';
import type { Server } from '../../workers/containers/server.js';
import { Servers } from '../../workers/containers/servers.js';
import { Fleet } from '../../workers/fleet.js';
import { RetryBudget, type BudgetTerms } from '../../workers/rescue/budget.js';
import { firstPart, Sharing } from '../../workers/sharing.js';
import { FakeClock } from '../unit/support-clock.js';

/** Milliseconds: as real workers and control do it, and the most that a message takes. */
export const REPORT = 40;
export const LOOK = 50;
export const BEAT = 10;

const version = versionId('v1');
const server = (port: number) => ({ host: 'a', port });
const table = firstTable({
  id: version,
  number: '1.0',
  servers: [server(1), server(2), server(3), server(4)],
  transition: { mode: 'INSTANT' },
});
const [only] = table.versions;

export class SharingWorker {
  readonly id: WorkerId;
  readonly budget: RetryBudget;
  readonly fleet: Fleet;
  readonly sharing: Sharing;
  /** When a server was left out last, by port; without those that are in. */
  readonly outSince = new Map<number, number>();
  spent = 0;
  refused = 0;
  isAlive = true;

  constructor(name: string, clock: FakeClock, terms: BudgetTerms, workers: number) {
    this.id = name as WorkerId;
    this.budget = new RetryBudget(terms, firstPart(workers));
    this.fleet = new Fleet(
      table,
      each =>
        new Servers(each, {
          mostConnections: 1000,
          connectTimeout: 1000,
          clock,
          ejected: ({ address }) => this.outSince.set(address.port, clock.now()),
          admitted: ({ address }) => this.outSince.delete(address.port),
        }),
    );
    this.sharing = new Sharing({ budget: this.budget, fleet: this.fleet });
  }

  /** One request, and what is tried for it. `fails`: the server with that port. */
  request(now: number, fails: (port: number) => boolean): void {
    this.budget.request(now);
    const tried = new Set<Server>();
    for (;;) {
      const picked = this.fleet.pick(version, tried);
      if (picked === undefined) return;
      const ended = { version: only, server: picked.server, startedAt: now };
      if (!fails(picked.server.address.port)) return this.fleet.succeeded(ended);
      this.fleet.failed(ended);
      tried.add(picked.server);
      if (!this.budget.allows(now)) {
        this.refused += 1;
        return;
      }
      this.budget.spend(now);
      this.spent += 1;
    }
  }
}

export class SharingWorld {
  readonly clock = new FakeClock();
  readonly workers: SharingWorker[] = [];
  /** Each has all reports; one tells. */
  readonly controls: ControlSharing[] = [];
  /** Undefined: nobody tells. */
  leader: ControlSharing | undefined;
  /** The most that was spent of what the system has, of all moments: 1 is all. */
  most = 0;
  /** Messages from control. */
  told = 0;
  readonly #terms: BudgetTerms;
  readonly #chance: () => number;
  #requests = 0;
  #spent = 0;
  readonly #cut = new Set<WorkerId>();

  constructor(workers: number, controls: number, terms: BudgetTerms, chance: () => number) {
    this.#terms = terms;
    this.#chance = chance;
    for (let n = 0; n < controls; n++) {
      const control = new ControlSharing();
      this.controls.push(control);
      this.clock.every(LOOK, () => this.#look(control));
    }
    this.leader = this.controls[0];
    for (let n = 0; n < workers; n++) this.join(`worker-${String(n)}`, workers);
  }

  join(name: string, workers: number): SharingWorker {
    const worker = new SharingWorker(name, this.clock, this.#terms, workers);
    this.workers.push(worker);
    this.clock.after(Math.floor(this.#chance() * REPORT), () => {
      let known: Standing | undefined;
      this.clock.every(REPORT, () => {
        if (!worker.isAlive || this.#cut.has(worker.id)) return;
        const standing = worker.sharing.standing(this.clock.now());
        if (standing === known) return;
        known = standing;
        const packed = encodeMessage({ kind: 'standing', standing });
        this.#afterBeat(() => {
          const message = decodeFromFollower(packed);
          if (message.kind !== 'standing' || !worker.isAlive) return;
          for (const each of this.controls) {
            each.stands(worker.id, message.standing, this.clock.now());
          }
        });
      });
    });
    return worker;
  }

  /** It dies, and every control hears of it. */
  kill(worker: SharingWorker): void {
    worker.isAlive = false;
    this.workers.splice(this.workers.indexOf(worker), 1);
    for (const each of this.controls) each.gone(worker.id, this.clock.now());
  }

  /** Control cannot be reached by it, nor it by control. */
  cut(worker: SharingWorker): void {
    this.#cut.add(worker.id);
    for (const each of this.controls) each.gone(worker.id, this.clock.now());
  }

  /** For so long, `perMs` requests come each millisecond to every worker; `fails`: that server for that worker. */
  pass(
    ms: number,
    perMs: number,
    fails: (worker: SharingWorker, port: number) => boolean = () => false,
  ): void {
    for (let n = 0; n < ms; n++) {
      this.clock.advance(1);
      const left = Math.exp(-1 / this.#terms.window);
      this.#requests *= left;
      this.#spent *= left;
      for (const worker of this.workers) {
        const before = worker.spent;
        for (let sum = perMs; sum > 0; sum--) {
          if (sum < 1 && this.#chance() > sum) break;
          this.#requests += 1;
          worker.request(this.clock.now(), port => fails(worker, port));
        }
        this.#spent += worker.spent - before;
      }
      const { share: part, perSecond, window } = this.#terms;
      const has = part * this.#requests + (perSecond * window) / 1000;
      this.most = Math.max(this.most, this.#spent / has);
    }
  }

  get parts(): number {
    return this.workers.reduce((sum, { budget }) => sum + budget.part, 0);
  }

  #look(control: ControlSharing): void {
    const now = this.clock.now();
    control.look(table, now);
    for (const [id, shared] of control.news(now, control === this.leader)) {
      this.told += 1;
      const packed = encodeMessage({ kind: 'shared', shared });
      this.#afterBeat(() => {
        const message = decodeFromControl(packed);
        const worker = this.workers.find(each => each.id === id);
        if (message.kind !== 'shared' || worker === undefined || this.#cut.has(id)) return;
        worker.sharing.shared(message.shared, this.clock.now());
      });
    }
  }

  /** In order for each, as every wait is as long. */
  #afterBeat(task: () => void): void {
    this.clock.after(BEAT, task);
  }
}

export const partOf = ({ budget }: SharingWorker): number => budget.part;
