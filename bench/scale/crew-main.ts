/** One process of simulated workers: started by `crew.ts`, which tells it by arguments and messages what to do. */
import { OwnProcess } from '../../src/measures/own-process.js';
import { systemClock } from '../../src/kernel/clock.js';
import { MEASURE } from '../../src/wire/measures.js';
import { credentialsIn } from './credentials.js';
import { noted, type OwnLags } from './lags.js';
import type { CrewPlan, FromCrew, ToCrew } from './messages.js';
import { sharedNow } from './shared-now.js';
import { SimulatedWorker, type Load } from './simulated-worker.js';

/** As in the configuration's defaults. */
const HEARTBEAT = 1;
const SILENCE = 5;

class Crew {
  readonly #plan: CrewPlan;
  readonly #workers: readonly SimulatedWorker[];
  /** How many have taken each edition. */
  readonly #taken = new Map<number, number>();
  readonly #wrong: string[] = [];
  readonly #own = new OwnProcess(systemClock);
  #lags: OwnLags = {};
  #load: Load = { rate: 0, bad: 0 };

  constructor(plan: CrewPlan) {
    this.#plan = plan;
    const credentials = plan.key === undefined ? undefined : credentialsIn(plan.key);
    this.#workers = Array.from(
      { length: plan.workers },
      (_, at) =>
        new SimulatedWorker(`${plan.name}-${at + 1}`, {
          address: plan.address,
          credentials,
          heartbeat: HEARTBEAT,
          silence: SILENCE,
          chance: Math.random,
          load: () => this.#load,
          taken: edition => this.#hasTaken(edition),
          lagged: ms => noted(this.#lags, ms),
          wrong: what => this.#wrong.push(what),
        }),
    );
    setInterval(() => this.#measure(), MEASURE);
  }

  heard(message: ToCrew): void {
    switch (message.kind) {
      case 'load':
        this.#load = { ...this.#load, rate: message.rate / this.#workers.length };
        return;
      case 'bad':
        this.#load = { ...this.#load, bad: message.share };
        return;
      case 'look':
        return this.#look();
      case 'end':
        for (const worker of this.#workers) worker.close();
        process.disconnect();
        // The last reports leave, as with a worker that ends (linger); timers must not keep us.
        setTimeout(() => process.exit(0), 600);
    }
  }

  #hasTaken(edition: number): void {
    const count = (this.#taken.get(edition) ?? 0) + 1;
    this.#taken.set(edition, count);
    if (count === this.#workers.length) say({ kind: 'taken', edition, at: sharedNow() });
  }

  #measure(): void {
    const measures = this.#own.read();
    for (const worker of this.#workers) worker.measure(measures);
  }

  #look(): void {
    const sum = (of: (worker: SimulatedWorker) => number) =>
      this.#workers.reduce((total, worker) => total + of(worker), 0);
    say({
      kind: 'looked',
      linked: sum(({ isLinked }) => Number(isLinked)),
      exchanges: sum(({ exchanges }) => exchanges),
      missed: sum(({ missed }) => missed),
      told: sum(({ told }) => told),
      reports: sum(({ reports }) => reports),
      lags: this.#lags,
      wrong: this.#wrong.map(each => `${this.#plan.name}: ${each}`),
    });
    this.#lags = {};
  }
}

function say(message: FromCrew): void {
  process.send?.(message);
}

const crew = new Crew(JSON.parse(process.argv[2] ?? '') as CrewPlan);
process.on('message', message => crew.heard(message as ToCrew));
process.on('disconnect', () => process.exit(0)); // who started us has gone
