/**
 * A random walk over the table of faults: they are done and healed in an order that a seed decides, several at
 * a time, while requests are under way and versions come and go. One of each kind is always left alone. Every
 * round ends with everything healed, so that what must be true then can be asked.
 */
import { MOST_SEEN } from '../../workers/rescue/next-attempt.js';
import { faults, type Fault, type Heal, type TargetKind } from './faults.js';
import type { Failed } from './ledger.js';
import type { World } from './world.js';

export interface WalkOptions {
  /** Draws in [0, 1): every decision. */
  readonly chance: () => number;
  /** Says what was done, as it is done. */
  readonly note: (step: string) => void;
}

/** Faults at a time. */
const MOST_AT_ONCE = 3;
const STEPS = 12;
/** Requests between two steps. */
const LEAST = 20;
const MOST = 150;
/** Versions beside the stable one. */
const MOST_NEWER = 3;

/** In an upgrade these answer what is held back for a rescue; of the stable version clients would see them. */
const strategies = [
  { mode: 'INSTANT' },
  { mode: 'SESSION', sessionTimeout: 3_600 },
  { mode: 'GRADUAL', percentageTransitionPerRequest: 0.05 },
  { mode: 'CONCURRENT', sessionTimeout: 3_600 },
] as const;

interface Active {
  readonly fault: Fault;
  readonly target: string;
  readonly heal: Heal;
  /** Monotonic milliseconds. */
  readonly from: number;
}

/** Something that was wrong for a while, with its aftermath. */
interface Past {
  readonly fault: Fault;
  readonly from: number;
  readonly until: number;
}

/** That an answer has no end, or is the application's own 500, is passed on: no failure of ours. */
const walked = faults.filter(
  ({ name, on }) => name !== 'answers without end' && !(on === 'stable' && isItsOwn(name)),
);
function isItsOwn(name: string): boolean {
  return name === 'answers 500' || name === 'resets in the body';
}

export class Walk {
  readonly #at: World;
  readonly #options: WalkOptions;
  readonly #active: Active[] = [];
  #past: Past[] = [];
  #version = 1;
  /** Of newer versions, oldest first. */
  readonly #added: string[] = [];
  /** By the name of the fault. */
  readonly injected = new Map<string, number>();

  constructor(at: World, options: WalkOptions) {
    this.#at = at;
    this.#options = options;
  }

  /** One round, under a load that says through `moreOrLate` when it is time for another step. */
  async round(moreOrLate: (count: number) => Promise<void>): Promise<void> {
    this.#past = [];
    for (let step = 0; step < STEPS; step += 1) {
      await this.#step();
      const enough = LEAST + Math.floor(this.#options.chance() * (MOST - LEAST));
      await moreOrLate(enough);
    }
    while (this.#active.length > 0) await this.#healOne();
  }

  /** Failures of the round that no fault of it allows at that time. */
  unexplained(failed: readonly Failed[]): readonly Failed[] {
    return failed.filter(each => {
      const meanwhile = this.#past.filter(past => overlaps(past, each));
      if (isGivenUp(each) || wasFlowing(each, meanwhile)) return false;
      const { safe, others } = allowedBy(meanwhile);
      return !(each.isSafe ? safe : others).has(each.how);
    });
  }

  async #step(): Promise<void> {
    const draw = this.#options.chance();
    if (draw < 0.15) return this.#changeVersions();
    const isFull = this.#active.length >= MOST_AT_ONCE;
    if (this.#active.length > 0 && (isFull || draw < 0.5)) return this.#healOne();
    return this.#injectOne();
  }

  async #injectOne(): Promise<void> {
    const fault = this.#drawn(walked.filter(({ on }) => this.#free(on).length > 0));
    if (fault === undefined) return;
    const target = this.#drawn(this.#free(fault.on))!;
    this.#options.note(`${target} ${fault.name}`);
    const from = performance.now();
    const heal = await fault.inject(this.#at, target);
    this.#active.push({ fault, target, heal, from });
    this.injected.set(fault.name, (this.injected.get(fault.name) ?? 0) + 1);
  }

  async #healOne(): Promise<void> {
    const [active] = this.#active.splice(
      Math.floor(this.#options.chance() * this.#active.length),
      1,
    );
    if (active === undefined) return;
    const { fault, target, heal, from } = active;
    this.#options.note(`${target} recovers (${fault.name})`);
    await heal();
    this.#past.push({ fault, from, until: performance.now() + (fault.aftermath ?? 0) });
  }

  /** Who is well, and can be spared. */
  #free(kind: TargetKind): readonly string[] {
    const all = this.#all(kind);
    const well = all.filter(name => !this.#active.some(({ target }) => target === name));
    // Of a newer version nobody need be left, and control is not in the way of requests.
    const spared = kind === 'newer' || kind === 'control' ? 0 : 1;
    return well.length > spared ? well : [];
  }

  #all(kind: TargetKind): readonly string[] {
    if (kind === 'stable' || kind === 'newer') return this.#at[kind].map(({ name }) => name);
    return this.#at.roles.filter(role => role.startsWith(kind));
  }

  /** An operator adds a version, or removes one. What control cannot do now, it refuses, or does not answer. */
  async #changeVersions(): Promise<void> {
    const isControlWell = !this.#active.some(({ fault }) => fault.on === 'control');
    if (!isControlWell) return this.#injectOne();
    const { api, newer } = this.#at;
    if (this.#added.length >= MOST_NEWER) {
      const id = this.#added.shift()!;
      this.#options.note(`the oldest of the newer versions is removed`);
      await api.remove(id);
      return;
    }
    const strategy = this.#drawn(strategies)!;
    this.#version += 1;
    this.#options.note(`version ${this.#version}.0 is added, ${strategy.mode}`);
    const servers = newer.map(({ address }) => address);
    this.#added.push(await api.upgrade(`${this.#version}.0`, servers, strategy));
  }

  #drawn<Item>(items: readonly Item[]): Item | undefined {
    return items[Math.floor(this.#options.chance() * items.length)];
  }
}

/**
 * So many have failed it that it is not given to another. If all of them were one server's, that would be no
 * reason, because the others were not asked; but a 500 is asked again of an older version alone, which in a walk may
 * be the same server's.
 */
const isGivenUp = ({ begun }: Failed) =>
  begun.length >= MOST_SEEN &&
  (new Set(begun.map(each => each.split(' ')[0])).size > 1 ||
    begun.every(each => each.endsWith(' error')));

/** An answer that drips is on its way to the client when its worker is lost: nobody can begin it anew. */
const wasFlowing = ({ how, begun }: Failed, meanwhile: readonly Past[]) =>
  how === 'broken' &&
  begun.some(each => each.endsWith(' drip')) &&
  meanwhile.some(({ fault }) => fault.on === 'worker');

const overlaps = ({ from, until }: Past, request: Failed) =>
  request.until >= from && request.from <= until;

function allowedBy(past: readonly Past[]) {
  return {
    safe: new Set(past.flatMap(({ fault }) => fault.mayCost.safe)),
    others: new Set(past.flatMap(({ fault }) => fault.mayCost.others)),
  };
}
