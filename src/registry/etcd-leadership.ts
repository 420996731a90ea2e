/**
 * Which controls live, and which of them leads: the one whose name stands under `leader`, with its lease.
 * Each control looks once a second, and whenever somebody comes or goes; whoever finds no leader is it.
 */
import type { Etcd3, IKeyValue, IResponseOp, ITxnResponse } from 'etcd3';
import type { Cancel, Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import { Turns } from '../kernel/turns.js';
import { etcdError } from './etcd-errors.js';
import type { Keys } from './etcd-keys.js';
import { EtcdLease } from './etcd-lease.js';
import { EtcdWatch } from './etcd-watch.js';
import type { Controls, Leadership, Witness } from './leadership.js';
import { freshSight, looked, mayLead, mustGiveUp } from './sight.js';

/** Milliseconds between two looks. */
const LOOK = 1000;
/** Of a control: whoever writes there himself may call himself what he likes. */
const NAME = /^[\w.-]{1,128}$/;
const LONGEST_NAME = 128;
/** More than anybody runs. */
const MOST_CONTROLS = 256;
/** Of the number of workers that a control sees. */
const DIGITS = 5;
/** Looks in a row that must fail: one alone may have met a frozen member each time that it was tried. */
const AWAY = 2;

export interface EtcdLeadershipOptions {
  readonly client: Etcd3;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly report: Report;
  /** Ours, other than those of the other controls. */
  readonly name: string;
  /** What others may know of us: JSON. */
  readonly about: object;
  /** The state has this revision now. */
  readonly stateSeen: (revision: string) => void;
}

export class EtcdLeadership implements Leadership {
  readonly #options: EtcdLeadershipOptions;
  readonly #lease: EtcdLease;
  /** Under which lease we lead, and since which revision. */
  #leading: { readonly lease: string; readonly term: string } | undefined;
  #leader: string | undefined;
  #live: readonly string[] = [];
  #away: string | undefined;
  #failures = 0;
  #witness: Witness | undefined;
  #sight = freshSight;
  #cancels: Cancel[] = [];
  readonly #looks: Turns;

  constructor(options: EtcdLeadershipOptions) {
    this.#options = options;
    this.#lease = new EtcdLease(options.client, options.clock);
    this.#looks = new Turns(options.clock, () => this.#lookOnce(), LOOK);
  }

  get term(): string | undefined {
    const { lease, term } = this.#leading ?? {};
    return lease !== undefined && this.#lease.id === lease ? term : undefined;
  }

  get controls(): Controls {
    const leader = this.#away === undefined ? this.#leader : undefined;
    return { leader, live: this.#live, away: this.#away };
  }

  join(witness: Witness): void {
    this.#witness = witness;
    const { client, keys, clock } = this.#options;
    const look = () => this.#looks.want();
    const watched = [
      new EtcdWatch({ client, clock, changed: look }, watch => watch.key(keys.leader)),
      new EtcdWatch({ client, clock, changed: look }, watch => watch.prefix(keys.controls)),
    ];
    this.#cancels = [clock.every(LOOK, look), ...watched.map(each => () => each.close())];
    look();
  }

  async close(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    await this.#looks.close();
    this.#leading = undefined;
    await this.#lease.revoke();
  }

  /** Never false: it is looked again in a moment in any case. */
  async #lookOnce(): Promise<true> {
    await this.#looked().then(
      () => this.#came(),
      (cause: unknown) => this.#went(cause),
    );
    return true;
  }

  async #looked(): Promise<void> {
    const lease = await this.#lease.renew();
    const found = foundIn(await this.#asked(lease));
    const isOurs = found.leader?.lease === lease;
    this.#leading = isOurs ? { lease, term: found.leader.create_revision } : undefined;
    this.#leads(found.leader?.value.toString('utf8', 0, LONGEST_NAME));
    this.#live = this.#namesOf(found.controls);
    if (found.revision !== undefined) this.#options.stateSeen(found.revision);
    const isThere = this.#live.includes(this.#options.name);
    if (!isThere) await this.#tell(lease);
    await this.#see(lease, found.sights);
  }

  /** Leads where nobody does, if it may, and reads all that is to be known. */
  #asked(lease: string): Promise<ITxnResponse> {
    const { client, keys, name } = this.#options;
    const reads = [
      client.get(keys.leader),
      client.getAll().prefix(keys.controls),
      { request_range: { key: Buffer.from(keys.state), keys_only: true } },
      client.getAll().prefix(keys.sights),
    ];
    const lead = client.put(keys.leader).value(name).lease(lease);
    return client
      .if(keys.leader, 'Create', '==', 0)
      .then(...(mayLead(this.#sight) ? [lead] : []), ...reads)
      .else(...reads)
      .commit();
  }

  async #tell(lease: string): Promise<void> {
    const { client, keys, name, about } = this.#options;
    await client
      .put(keys.controls + name)
      .value(JSON.stringify(about))
      .lease(lease);
    this.#live = [...this.#live, name].toSorted();
  }

  /** Tells how many workers we see, and leaves the lead to somebody who sees more. */
  async #see(lease: string, sights: readonly IKeyValue[]): Promise<void> {
    const { client, keys, name, clock } = this.#options;
    const key = keys.sights + name;
    const own = this.#witness?.workers() ?? 0;
    const others = sights.filter(each => each.key.toString() !== key).map(workersIn);
    const told = sights.find(each => each.key.toString() === key);
    if (told?.lease !== lease || workersIn(told) !== own) {
      await client.put(key).value(String(own)).lease(lease);
    }
    const seen = {
      own,
      most: Math.max(0, ...others),
      isLeading: this.#leading !== undefined,
      hasLeader: this.#leader !== undefined,
    };
    this.#sight = looked(this.#sight, seen, clock.now());
    if (this.#leading !== undefined && mustGiveUp(this.#sight)) await this.#giveUp(this.#leading);
  }

  /** Until others have looked nobody leads. */
  async #giveUp({ term }: { readonly term: string }): Promise<void> {
    const { client, keys, report } = this.#options;
    this.#leading = undefined;
    await client
      .if(keys.leader, 'Create', '==', term)
      .then(client.delete().key(keys.leader))
      .commit();
    this.#leader = undefined;
    report({ type: 'lead-given-up' });
  }

  #namesOf(controls: readonly IKeyValue[]): readonly string[] {
    const { keys, name } = this.#options;
    const names = controls.map(({ key }) => key.toString().slice(keys.controls.length));
    const isOurs = names.includes(name);
    const others = names.filter(each => each !== name && NAME.test(each)).slice(0, MOST_CONTROLS);
    return [...others, ...(isOurs ? [name] : [])].toSorted();
  }

  #leads(leader: string | undefined): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    const isOurs = this.#leading !== undefined;
    if (leader !== undefined) this.#options.report({ type: 'leader-changed', leader, isOurs });
  }

  #came(): void {
    this.#failures = 0;
    if (this.#away === undefined) return;
    this.#away = undefined;
    this.#options.report({ type: 'registry-found' });
  }

  /** Told once, however often it is tried again. */
  #went(cause: unknown): void {
    const { because } = etcdError(cause);
    this.#failures += 1;
    if (this.#failures < AWAY) return;
    if (this.#away === undefined) this.#options.report({ type: 'registry-lost', because });
    this.#away = because;
  }
}

interface Found {
  readonly leader: IKeyValue | undefined;
  readonly controls: readonly IKeyValue[];
  /** Of the state. */
  readonly revision: string | undefined;
  readonly sights: readonly IKeyValue[];
}

function foundIn({ responses }: ITxnResponse): Found {
  const ranges = responses.filter(each => 'response_range' in each);
  const [leader, controls, state, sights] = ranges.map(valuesIn);
  return {
    leader: leader?.[0],
    controls: controls ?? [],
    revision: state?.[0]?.mod_revision,
    sights: sights ?? [],
  };
}

const valuesIn = (response: IResponseOp): readonly IKeyValue[] => response.response_range.kvs;

/** As anybody may have written it. */
function workersIn({ value }: IKeyValue): number {
  const text = value.toString('latin1', 0, DIGITS + 1);
  return /^\d+$/.test(text) && text.length <= DIGITS ? Number(text) : 0;
}
