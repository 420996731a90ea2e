/** What happens while the load goes on. Each settles when it is over, and leaves one stable version behind. */
import type { StrategyName, UpgradeTransition } from '../../src/config/cluster.js';
import { Application } from './application.js';
import { eventually, type Operator } from './operator.js';
import type { Happening } from './plan.js';
import type { RunningCutover } from './running.js';

/** Answers of a new version before something is done with it. */
const SERVED = 20;

/** Seconds without a request that end a session. */
const SESSION_TIMEOUT = 60;

const transitions: Readonly<Record<StrategyName, UpgradeTransition>> = {
  INSTANT: { mode: 'INSTANT' },
  SESSION: { mode: 'SESSION', sessionTimeout: SESSION_TIMEOUT },
  GRADUAL: {
    mode: 'GRADUAL',
    percentageTransitionPerRequest: 1,
    sessionTimeout: SESSION_TIMEOUT,
  },
  CONCURRENT: { mode: 'CONCURRENT', sessionTimeout: SESSION_TIMEOUT },
};

interface Version {
  readonly id: string;
  readonly application: Application;
}

export interface Surroundings {
  readonly cutover: RunningCutover;
  readonly operator: Operator;
  /** The configuration with these sections in place of its own. */
  readonly config: (sections: object) => unknown;
}

export class Happenings {
  readonly #around: Surroundings;
  #stable: Version;
  #lastVersion = 1;
  readonly #reloads = { workers: 0, everything: 0 };
  readonly #all: Readonly<Record<Happening, () => Promise<void>>> = {
    INSTANT: () => this.#upgrade('INSTANT'),
    SESSION: () => this.#upgrade('SESSION'),
    GRADUAL: () => this.#upgrade('GRADUAL'),
    CONCURRENT: () => this.#upgrade('CONCURRENT'),
    'bad answers': () => this.#demoted(application => (application.isBad = true)),
    crash: () => this.#demoted(application => application.crash()),
    abort: () => this.#aborted(),
    'server restart': () => this.#stable.application.restart(0),
    'worker killed': () => this.#restarted('worker'),
    'workers reloaded': () => this.#reloaded('workers'),
    'everything reloaded': () => this.#reloaded('everything'),
    'control killed': () => this.#restarted('control'),
  };

  private constructor(around: Surroundings, stable: Version) {
    this.#around = around;
    this.#stable = stable;
  }

  /** `application`: what Cutover began with. */
  static async begin(around: Surroundings, application: Application): Promise<Happenings> {
    const [first] = await around.operator.versions();
    if (first === undefined) throw new Error('control knows no version');
    return new Happenings(around, { id: first.id, application });
  }

  happen(what: Happening): Promise<void> {
    return this.#all[what]();
  }

  /** The last application ends. */
  end(): Promise<void> {
    return this.#stable.application.crash();
  }

  async #upgrade(strategy: StrategyName): Promise<void> {
    const { operator } = this.#around;
    const fresh = await this.#deployed(transitions[strategy]);
    await served(fresh.application);
    await operator.tell(fresh.id, 'promote', 'complete');
    await eventually('the upgrade is complete', async () =>
      ['complete'].includes(await operator.state(fresh.id)),
    );
    const old = this.#stable;
    this.#stable = fresh;
    await this.#retire(old);
  }

  async #demoted(spoil: (application: Application) => unknown): Promise<void> {
    const { operator } = this.#around;
    const bad = await this.#deployed(transitions.INSTANT);
    await served(bad.application);
    await spoil(bad.application);
    const isDemoted = async () => (await operator.state(bad.id)) === 'demoted';
    await eventually(`${bad.application.version} is demoted`, isDemoted);
    await this.#retire(bad);
  }

  async #aborted(): Promise<void> {
    const { operator } = this.#around;
    const unwanted = await this.#deployed(transitions.GRADUAL);
    await served(unwanted.application);
    await operator.tell(unwanted.id, 'abort', 'aborted');
    await this.#retire(unwanted);
  }

  async #restarted(kind: 'worker' | 'control'): Promise<void> {
    const { cutover, operator } = this.#around;
    const role = [...cutover.pids.keys()].find(name => name.startsWith(kind));
    if (role === undefined) throw new Error(`there is no ${kind}`);
    await cutover.kill(role);
    await eventually('it is ready again', () => operator.isReady());
  }

  /** With a number that workers read, or one that frontends read as well: another one each time. */
  async #reloaded(what: 'workers' | 'everything'): Promise<void> {
    const { cutover, operator, config } = this.#around;
    const before = new Set(cutover.pids.values());
    this.#reloads[what] += 1;
    const { workers, everything } = this.#reloads;
    await cutover.reload(
      config({ rescue: { perSecond: 10 + workers }, timeouts: { idle: 75 + everything } }),
    );
    for (const [role, pid] of cutover.pids) {
      const isMeant =
        role.startsWith('worker') || (what === 'everything' && role.startsWith('frontend'));
      if (isMeant && before.has(pid)) throw new Error(`${role} was not replaced`);
    }
    await eventually('it is ready again', () => operator.isReady());
  }

  async #deployed(transition: UpgradeTransition): Promise<Version> {
    this.#lastVersion += 1;
    const application = await Application.start(`1.${this.#lastVersion}`);
    const { version, addresses } = application;
    const id = await this.#around.operator.put(version, addresses, transition);
    return { id, application };
  }

  /** What is asked of it still is answered by the others. */
  async #retire({ id, application }: Version): Promise<void> {
    await this.#around.operator.remove(id);
    await application.crash();
  }
}

const served = (application: Application): Promise<void> =>
  eventually(`${application.version} serves`, () => application.answered >= SERVED);
