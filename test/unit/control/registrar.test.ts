import { expect } from 'chai';
import { share, versionId } from '../../../src/kernel/ids.js';
import { RegistryError, type SigningKey } from '../../../src/registry/registry.js';
import { Registrar, type Registered, type RegistrarHost } from '../../../src/control/registrar.js';
import { changed, firstTable, type Change } from '../../../src/versions/routing-table.js';

const key = (id: string): SigningKey => ({ id, secret: 'c2VjcmV0' });
const version = (number: string, mode: 'INSTANT' | 'GRADUAL' = 'INSTANT') =>
  ({
    id: versionId(`id-${number}`),
    number,
    servers: [{ host: '127.0.0.1', port: 9000 }],
    transition: mode === 'INSTANT' ? { mode } : { mode, percentageTransitionPerRequest: 1 },
  }) as const;
const add = (number: string, mode?: 'GRADUAL'): Change => ({
  kind: 'add',
  version: version(number, mode),
});

class Stand implements RegistrarHost {
  readonly said: string[] = [];
  failure: Error | undefined;
  advancing: readonly Change[] = [];
  readonly registrar: Registrar;

  constructor(keys: readonly SigningKey[] = [key('a')]) {
    this.registrar = new Registrar({ table: firstTable(version('1.0')), keys }, this);
  }

  async save({ table, keys }: Registered): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    this.said.push(`saved ${table.edition} ${keys.map(({ id }) => id).join(',')}`);
  }

  announce({ table }: Registered, before: Registered): void {
    this.said.push(`told ${table.edition} after ${before.table.edition}`);
  }

  async spread(edition: number): Promise<void> {
    await Promise.resolve();
    this.said.push(`spread ${edition}`);
  }

  advances(): readonly Change[] {
    return this.advancing;
  }
}

describe('Registrar', () => {
  it('tells of a change only once it is durable', async () => {
    const stand = new Stand();
    expect(await stand.registrar.change(add('2.0'))).to.have.property('kind', 'done');
    expect(stand.said).to.deep.equal(['saved 2 a', 'told 2 after 1']);
  });

  it('decides each change on what the one before left behind', async () => {
    const { registrar } = new Stand();
    const id = versionId('id-2.0');
    const outcomes = await Promise.all([
      registrar.change(add('2.0')),
      registrar.change({ kind: 'happen', id, on: { type: 'promote' } }),
      registrar.change({ kind: 'happen', id, on: { type: 'promote' } }),
      registrar.change({ kind: 'remove', id: versionId('id-9') }),
    ]);
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal([
      'done',
      'done',
      'impossible',
      'unknown',
    ]);
    expect(registrar.table.edition).to.equal(3);
  });

  it('changes nothing that cannot be made durable, and goes on with the next change', async () => {
    const stand = new Stand();
    stand.failure = new Error('disk full');
    expect(await stand.registrar.change(add('2.0'))).to.deep.equal({
      kind: 'not-durable',
      because: 'disk full',
    });
    expect(stand.registrar.table.versions).to.have.lengthOf(1);
    stand.failure = undefined;
    expect(await stand.registrar.change(add('2.0'))).to.have.property('kind', 'done');
    expect(stand.said).to.deep.equal(['saved 2 a', 'told 2 after 1']);
  });

  const advance = (to: number): Change => ({
    kind: 'happen',
    id: versionId('id-2.0'),
    on: { type: 'advance', progress: share(to) },
  });
  const progressOf = ({ registrar }: Stand, number: string) => {
    const state = registrar.table.versions.find(each => each.number === number)?.state;
    return state !== undefined && 'progress' in state ? state.progress : undefined;
  };

  it('keeps the share that an upgrade has reached through every other change', async () => {
    const stand = new Stand();
    await stand.registrar.change(add('2.0', 'GRADUAL'));
    stand.advancing = [advance(0.3)];
    await stand.registrar.change(add('3.0'));
    expect(progressOf(stand, '2.0')).to.equal(0.3);
    expect(stand.registrar.table.edition).to.equal(3);
  });

  it('remembers a share under the same edition, and tells nobody', async () => {
    const stand = new Stand();
    await stand.registrar.change(add('2.0', 'GRADUAL'));
    stand.said.length = 0;
    await stand.registrar.remember([advance(0.4), { kind: 'remove', id: versionId('id-9') }]);
    expect(progressOf(stand, '2.0')).to.equal(0.4);
    expect(stand.said).to.deep.equal(['saved 2 a']);
  });

  it('signs with a new key only when everybody recognises it', async () => {
    const stand = new Stand([key('a'), key('old')]);
    expect(await stand.registrar.rotate(key('b'))).to.have.property('kind', 'done');
    expect(stand.said).to.deep.equal([
      'saved 2 a,b,old',
      'told 2 after 1',
      'spread 2',
      'saved 3 b,a,old',
      'told 3 after 2',
    ]);
  });

  it('forgets the oldest keys', async () => {
    const stand = new Stand([key('a'), key('b'), key('c'), key('d')]);
    await stand.registrar.rotate(key('e'));
    expect(stand.said[3]).to.equal('saved 3 e,a,b,c');
  });

  it('rotates where there is no key yet, and not where it cannot be kept', async () => {
    const empty = new Stand([]);
    await empty.registrar.rotate(key('a'));
    expect(empty.said[3]).to.equal('saved 3 a');
    const full = new Stand();
    full.failure = new Error('disk full');
    expect(await full.registrar.rotate(key('b'))).to.have.property('kind', 'not-durable');
    expect(full.said).to.deep.equal([]);
  });

  it('lets other changes pass while a rotation waits for somebody who does not answer', async () => {
    const stand = new Stand();
    let isThere: () => void = () => undefined;
    const waiting = new Promise<void>(begun => {
      stand.spread = () => {
        begun();
        return new Promise<void>(resolve => (isThere = resolve));
      };
    });
    const rotating = stand.registrar.rotate(key('b'));
    await waiting;
    const added = await stand.registrar.change(add('2.0'));
    expect(added).to.have.property('kind', 'done');
    expect(stand.said.at(-1)).to.equal('told 3 after 2');
    isThere();
    expect(await rotating).to.have.property('kind', 'done');
    expect(stand.said.at(-2)).to.equal('saved 4 b,a');
  });

  it('comes after a later edition that somebody has, once', async () => {
    const { registrar, said } = new Stand();
    expect(await registrar.overtake(7)).to.have.property('kind', 'done');
    await registrar.overtake(7);
    expect(registrar.table.edition).to.equal(8);
    expect(said).to.deep.equal(['saved 8 a', 'told 8 after 1']);
  });

  it('does not go where no edition could follow: whoever says so has made it up', async () => {
    const { registrar, said } = new Stand();
    const outcome = await registrar.overtake(Number.MAX_SAFE_INTEGER - 1);
    expect(outcome).to.have.property('kind', 'impossible');
    expect(said).to.deep.equal([]);
  });
});

/** What several controls share, as etcd would keep it. */
class SharedStore {
  revision = 0;
  registered: Registered | undefined = { table: firstTable(version('1.0')), keys: [key('a')] };
  /** Others that save in the very moment before us. */
  readonly racing: ((before: Registered) => Registered)[] = [];
}

/** A control beside others: its registrar saves only what takes the place of what it knows. */
class Sharing implements RegistrarHost {
  readonly #store: SharedStore;
  #known: number;
  readonly told: number[] = [];
  readonly registrar: Registrar;
  failure: RegistryError | undefined;

  constructor(store: SharedStore) {
    this.#store = store;
    this.#known = store.revision;
    this.registrar = new Registrar(store.registered!, this);
  }

  async save(registered: Registered): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    const racing = this.#store.racing.shift();
    if (racing !== undefined) {
      this.#store.registered = racing(this.#store.registered!);
      this.#store.revision += 1;
    }
    if (this.#known !== this.#store.revision) throw new RegistryError('conflict', 'others saved');
    this.#store.registered = registered;
    this.#known = this.#store.revision += 1;
  }

  async load(): Promise<Registered | undefined> {
    await Promise.resolve();
    this.#known = this.#store.revision;
    return this.#store.registered;
  }

  announce({ table }: Registered): void {
    this.told.push(table.edition);
  }

  spread(): Promise<void> {
    return Promise.resolve();
  }

  advances(): readonly Change[] {
    return [];
  }
}

describe('Registrars that share a registry', () => {
  const numbers = ({ registered }: SharedStore) =>
    registered?.table.versions.map(({ number }) => number);
  const adding =
    (number: string) =>
    ({ table, keys }: Registered): Registered => {
      const result = changed(table, add(number));
      if (!result.ok) throw new Error('it can always be added');
      return { table: result.table, keys };
    };
  const demote = (id: string): Change => ({
    kind: 'happen',
    id: versionId(id),
    on: { type: 'demote', because: 'it fails' },
  });

  it('change what others have left behind, and tell of both', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    store.racing.push(adding('2.0'), adding('3.0'));
    expect(await one.registrar.change(add('4.0'))).to.have.property('kind', 'done');
    expect(numbers(store)).to.deep.equal(['4.0', '3.0', '2.0', '1.0']);
    expect(one.told).to.deep.equal([2, 3, 4]);
  });

  it('refuse what has become impossible meanwhile', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    store.racing.push(adding('2.0'));
    await one.registrar.change(demote('id-2.0'));
    expect(await one.registrar.change(demote('id-9'))).to.have.property('kind', 'unknown');
  });

  it('give up where others are always faster', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    store.racing.push(...Array.from({ length: 20 }, (_, at) => adding(`2.${at}`)));
    expect(await one.registrar.change(add('4.0'))).to.deep.equal({
      kind: 'not-durable',
      because: 'others saved',
    });
    expect(numbers(store)).to.not.include('4.0');
  });

  it('do not add twice what was saved though nobody could tell', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    store.racing.push(adding('2.0'));
    expect(await one.registrar.change(add('2.0'))).to.have.property('kind', 'done');
    expect(numbers(store)).to.deep.equal(['2.0', '1.0']);
  });

  it('conclude nothing about a version that somebody has just changed', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    await one.registrar.change(add('2.0'));
    const on = { type: 'pause', progress: share(0) } as const;
    store.racing.push(({ table, keys }) => {
      const result = changed(table, { kind: 'happen', id: versionId('id-2.0'), on });
      if (!result.ok) throw new Error('it can be paused');
      return { table: result.table, keys };
    });
    const outcome = await one.registrar.change(demote('id-2.0'), { asLeader: true });
    expect(outcome).to.have.property('kind', 'impossible');
    store.racing.push(adding('3.0'));
    const again = await one.registrar.change(demote('id-2.0'), { asLeader: true });
    expect(again).to.have.property('kind', 'done');
  });

  it('take what others have saved when they hear of it', async () => {
    const store = new SharedStore();
    const [one, other] = [new Sharing(store), new Sharing(store)];
    await one.registrar.change(add('2.0'));
    expect(await other.registrar.refresh({ asLeader: false })).to.have.property('kind', 'done');
    expect(other.registrar.table).to.deep.equal(one.registrar.table);
    await other.registrar.refresh({ asLeader: false });
    expect(other.told).to.deep.equal([2]);
  });

  it('put theirs behind an older state that was put back, or none: only the leader', async () => {
    const store = new SharedStore();
    const [one, other] = [new Sharing(store), new Sharing(store)];
    const old = store.registered;
    await one.registrar.change(add('2.0'));
    await one.registrar.change(add('3.0'));
    await other.registrar.refresh({ asLeader: false });
    store.registered = old;
    store.revision += 1;
    await other.registrar.refresh({ asLeader: false });
    expect(other.registrar.table.edition).to.equal(3);
    await one.registrar.refresh({ asLeader: true });
    expect(store.registered?.table.edition).to.equal(4);
    expect(numbers(store)).to.deep.equal(['1.0']);
    await other.registrar.refresh({ asLeader: false });
    expect(other.registrar.table).to.deep.equal(one.registrar.table);
    store.registered = undefined;
    store.revision += 1;
    await one.registrar.refresh({ asLeader: true });
    expect(numbers(store)).to.deep.equal(['1.0']);
  });

  it('do not overtake a follower that another control has told already', async () => {
    const store = new SharedStore();
    const [one, other] = [new Sharing(store), new Sharing(store)];
    await one.registrar.change(add('2.0'));
    await other.registrar.overtake(2);
    expect(other.registrar.table).to.deep.equal(one.registrar.table);
    await other.registrar.overtake(7);
    expect(store.registered?.table.edition).to.equal(8);
    expect(numbers(store)).to.deep.equal(['2.0', '1.0']);
  });

  it('overtake nobody where several followers, or the registry, tell at once what another control has changed', async () => {
    const store = new SharedStore();
    const [one, other, third] = [new Sharing(store), new Sharing(store), new Sharing(store)];
    await one.registrar.change(add('2.0'));
    await Promise.all([1, 2, 3].map(() => other.registrar.overtake(2)));
    await Promise.all([third.registrar.refresh({ asLeader: false }), third.registrar.overtake(2)]);
    expect([other, third].map(({ registrar }) => registrar.table.edition)).to.deep.equal([2, 2]);
    expect(store.registered?.table.edition).to.equal(2);
  });

  it('overtake a follower that has the edition that they have just made themselves: it has another table', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    const made = one.registrar.change(add('2.0'));
    await Promise.all([made, one.registrar.overtake(2)]);
    expect(store.registered?.table.edition).to.equal(3);
  });

  it('do nothing as the leader where they are deposed, and call it no failure', async () => {
    const store = new SharedStore();
    const one = new Sharing(store);
    await one.registrar.change(add('2.0'));
    one.failure = new RegistryError('deposed', 'another control leads');
    const outcome = await one.registrar.change(demote('id-2.0'), { asLeader: true });
    expect(outcome).to.deep.equal({ kind: 'impossible', because: 'another control leads' });
  });
});
