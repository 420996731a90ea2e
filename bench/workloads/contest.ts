/** Starts contenders side by side, lets them show that they answer right, and ends them. */
import type { Contender, Setting } from '../contenders/contender.js';
import type { Wrong } from '../figures/results.js';
import { cookieOf, headersFor, type Ask, type Headers } from '../load/ask.js';
import type { Running } from '../system/program.js';
import { startedFileServer, startedNodeServer } from '../system/server.js';
import { checked } from './correctness.js';
import type { Bench } from './workload.js';

export interface Entrant {
  readonly name: string;
  /** Another one, after a renewal. */
  readonly running: Running;
  /** What the generator sends to it. */
  readonly headers: Headers;
  /** Before each round: who is fragile is started anew. */
  renew(): Promise<void>;
}

export interface Contest {
  /** Those that answer right, and are to be timed. */
  readonly entrants: readonly Entrant[];
  readonly wrong: readonly Wrong[];
}

export async function withContest<Result>(
  bench: Bench,
  plan: ContestPlan,
  hold: (contest: Contest) => Promise<Result>,
): Promise<Result> {
  const { folder } = bench;
  const startedServer = plan.ask.upload === undefined ? startedFileServer : startedNodeServer;
  const server = await startedServer(folder);
  const present = plan.contenders.filter(each => each.missing === undefined);
  // Side by side, because most of the time that it takes is waiting; all are ended in any case.
  const starts = await Promise.allSettled(
    present.map(contender => Started.begin(contender, { server: server.port, folder })),
  );
  const running = starts.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    for (const each of starts) if (each.status === 'rejected') throw each.reason;
    return await hold(await admitted(bench, plan, running));
  } finally {
    await Promise.all([server, ...running.map(each => each.running)].map(each => each.stop()));
  }
}

class Started implements Entrant {
  headers: Headers = {};
  readonly #contender: Contender;
  readonly #setting: Setting;
  #running: Running;

  private constructor(contender: Contender, setting: Setting, running: Running) {
    this.#contender = contender;
    this.#setting = setting;
    this.#running = running;
  }

  static async begin(contender: Contender, setting: Setting): Promise<Started> {
    return new Started(contender, setting, await contender.start(setting));
  }

  get name(): string {
    return this.#contender.name;
  }

  get running(): Running {
    return this.#running;
  }

  async renew(): Promise<void> {
    if (this.#contender.isFragile !== true) return;
    await this.#running.stop();
    this.#running = await this.#contender.start(this.#setting);
  }
}

async function admitted(
  { options, tell }: Bench,
  { workload, ask }: ContestPlan,
  started: readonly Started[],
): Promise<Contest> {
  const entrants: Entrant[] = [];
  const wrong: Wrong[] = [];
  for (const each of started) {
    const { name, running } = each;
    const { wrong: what, setCookie } = await checked(running.port, ask);
    if (what !== undefined) {
      wrong.push({ workload, contender: name, what });
      tell(`WRONG: ${name} on ${workload}: ${what}`);
    } else if (!options.isQuick || isAlwaysTimed(name)) {
      each.headers = headersFor(ask, cookieOf(setCookie));
      entrants.push(each);
    }
  }
  return { entrants, wrong };
}

/** In a hurry all are checked, but only these are timed. */
const isAlwaysTimed = (name: string) => name === 'direct' || name.startsWith('cutover');

export interface ContestPlan {
  readonly workload: string;
  readonly ask: Ask;
  readonly contenders: readonly Contender[];
}
