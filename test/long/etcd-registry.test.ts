import { expect } from 'chai';
import { parseConfig } from '../../src/config/config.js';
import { systemClock } from '../../src/kernel/clock.js';
import { etcdClient } from '../../src/registry/etcd-client.js';
import { openEtcdStore } from '../../src/registry/etcd-store.js';
import { RegistryError, type Registry, type Stored } from '../../src/registry/registry.js';
import { keepsItsPromises, type Place } from '../contract/registry/contract.js';
import { first, second, third } from '../contract/registry/states.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

function registryConfig(registry: Readonly<Record<string, unknown>>) {
  const parsed = parseConfig({
    cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] },
    registry: { kind: 'etcd', ...registry },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config.registry;
}

let prefixes = 0;
const newPrefix = () => `/test-${(prefixes += 1)}/`;

async function opened(etcd: EtcdCluster, prefix: string): Promise<Registry> {
  const store = await openEtcdStore({
    config: registryConfig({ endpoints: etcd.endpoints, prefix }),
    clock: systemClock,
    report: () => undefined,
    name: 'control',
    about: {},
  });
  return {
    load: () => store.registry.load(),
    save: (state, options) => store.registry.save(state, options),
    watch: changed => store.registry.watch(changed),
    async close() {
      await store.registry.close();
      store.close();
    },
  };
}

const failureOf = async (promise: Promise<unknown>): Promise<RegistryError> => {
  const cause: unknown = await promise.catch((thrown: unknown) => thrown);
  if (cause instanceof RegistryError) return cause;
  throw new Error('a RegistryError was expected', { cause });
};

for (const members of [1, 3]) {
  describeWithEtcd(`etcd of ${members}:`, () => {
    const stage = stageForAll();
    let etcd: EtcdCluster;

    before(async () => {
      etcd = await EtcdCluster.start(stage, { members });
    });

    keepsItsPromises('etcd', () => {
      const prefix = newPrefix();
      const open = () => opened(etcd, prefix);
      const place: Place = {
        open,
        async saveBehind(state: Stored) {
          const other = await open();
          await other.load();
          await other.save(state);
          await other.close();
        },
        remove: () => Promise.resolve(),
      };
      return Promise.resolve(place);
    });
  });
}

describeWithEtcd('a registry in etcd', () => {
  const all = stageForAll();
  const stage = stageForEach();
  let etcd: EtcdCluster;
  let prefix: string;

  before(async () => {
    etcd = await EtcdCluster.start(all);
  });
  beforeEach(() => {
    prefix = newPrefix();
  });

  const open = async () => {
    const registry = await opened(etcd, prefix);
    stage.atEnd(() => registry.close());
    return registry;
  };
  const raw = async () => {
    const client = await etcdClient(registryConfig({ endpoints: etcd.endpoints }), systemClock);
    stage.atEnd(() => client.close());
    return client;
  };

  it('tells of what another one has saved, and not of its own', async () => {
    const [one, other] = [await open(), await open()];
    await one.save(first);
    await other.load();
    let seen = 0;
    stage.atEnd(other.watch(() => (seen += 1)));
    await eventually('it watches', () => seen > 0);
    seen = 0;
    await one.save(second);
    await eventually('it is told', () => seen > 0);
    expect(await other.load()).to.deep.equal({ kind: 'found', stored: second });
    await other.save(third);
    expect(await one.load()).to.deep.equal({ kind: 'found', stored: third });
  });

  it('of several that begin at once lets exactly one be first', async () => {
    const registries = await Promise.all(Array.from({ length: 5 }, open));
    const saved = await Promise.allSettled(
      registries.map((each, at) => each.save({ ...first, configured: `by ${at}` })),
    );
    expect(saved.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1);
  });

  it('says what is damaged, and never overwrites it', async () => {
    const client = await raw();
    const registry = await open();
    await registry.save(first);
    await client.put(`${prefix}state`).value('{"format":1,"sha256":"x","state":{}}');
    for (const damaged of [registry, await open()]) {
      const { kind, because } = await failureOf(damaged.load());
      expect(kind).to.equal('refused');
      expect(because).to.contain(
        `${prefix}state in etcd is damaged, and is not overwritten: sha256`,
      );
      expect((await failureOf(damaged.save(second))).kind).to.equal('conflict');
    }
    expect(await client.get(`${prefix}state`).string()).to.contain('"sha256":"x"');
  });

  it('refuses a state that etcd could not take, before it asks', async () => {
    const secret = Buffer.alloc(1024 * 1024).toString('base64');
    const registry = await open();
    const failure = await failureOf(registry.save({ ...first, keys: [{ id: 'k', secret }] }));
    expect(failure.kind).to.equal('refused');
    expect(failure.because).to.match(/^the state takes \d+ bytes, more than 1048576$/);
  });

  it('saves nothing as the leader where it does not lead', async () => {
    const registry = await open();
    expect((await failureOf(registry.save(first, { asLeader: true }))).kind).to.equal('deposed');
    expect(await registry.load()).to.deep.equal({ kind: 'empty' });
  });
});

describeWithEtcd('a registry in etcd that is away', () => {
  const stage = stageForEach();

  it('says so in words for people, and goes on when it is back', async () => {
    const etcd = await EtcdCluster.start(stage);
    const registry = await opened(etcd, '/cutover/');
    stage.atEnd(() => registry.close());
    await registry.save(first);
    await etcd.kill(0);
    const { kind, because } = await failureOf(registry.save(second));
    expect(kind).to.equal('unavailable');
    expect(because).to.match(
      /^etcd cannot be used: (no member can be reached: connect ECONNREFUSED|it does not answer in time)/,
    );
    etcd.restart(0);
    await etcd.ready();
    await eventually('it is saved', () =>
      registry.save(second).then(
        () => true,
        () => false,
      ),
    );
    expect(await registry.load()).to.deep.equal({ kind: 'found', stored: second });
  });

  it('saves on while one of three is frozen or dead', async () => {
    const etcd = await EtcdCluster.start(stage, { members: 3 });
    const registry = await opened(etcd, '/cutover/');
    stage.atEnd(() => registry.close());
    let edition = 1;
    const save = async () => {
      edition += 1;
      await registry.save({ ...third, table: { ...third.table, edition } });
    };
    await save();
    etcd.pause(0);
    for (let times = 0; times < 10; times += 1) {
      await eventually('it is saved', () =>
        save().then(
          () => true,
          () => false,
        ),
      );
    }
    etcd.resume(0);
    await etcd.ready();
    await etcd.kill(1);
    for (let times = 0; times < 10; times += 1) {
      await eventually('it is saved', () =>
        save().then(
          () => true,
          () => false,
        ),
      );
    }
  });
});
