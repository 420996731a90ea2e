import { expect } from 'chai';
import { stageForAll, stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { HostsLoad } from './hosts-load.js';
import { describeOnHosts, Hosts, HOSTS, type HostName, type PlaceName } from './hosts.js';

/** At each frontend. */
const MORE = 40;
/** Milliseconds for a host that is lost to be given up, or to be found again. */
const NOTICED = 15_000;

describeOnHosts('hosts: etcd and hosts that are lost', function () {
  this.timeout(90_000);
  const whole = stageForAll();
  const stage = stageForEach();
  let hosts: Hosts;
  let number = 1;

  before(async () => {
    hosts = await Hosts.open(whole);
  });

  afterEach('one state, wherever it is asked', () => hosts.tellTheSame());

  /** Whoever is asked, a change is taken, and can be taken back. */
  async function changes(by: readonly HostName[]): Promise<void> {
    for (const host of by) {
      number += 1;
      const id = await hosts.api(host).deploy(`${number}.0`, hosts.containers.new.address);
      expect(await hosts.api(host).remove(id)).to.equal(202);
    }
  }

  /** Milliseconds until a change is taken there. */
  async function writable(host: HostName): Promise<number> {
    const begun = performance.now();
    await eventually(`${host} takes a change`, async () => {
      const { status } = await hosts.api(host).call('POST', '/configuration/keys/rotate');
      return status === 202;
    });
    return Math.round(performance.now() - begun);
  }

  const tell = (what: string, passed: object) =>
    console.log(`      ${what}: ${JSON.stringify(passed)}`);

  it('each member of etcd is killed, and is back: requests and changes go on', async () => {
    const load = new HostsLoad(stage, hosts);
    await load.more(MORE);
    const took: number[] = [];
    for (const member of HOSTS.keys()) {
      await hosts.etcd.kill(member);
      took.push(await writable(HOSTS[member]!));
      await changes(HOSTS);
      await load.more(MORE);
      hosts.etcd.restart(member);
      await hosts.etcd.ready();
    }
    await changes(HOSTS);
    tell('ms until a change is taken', took);
    tell('requests', await load.passes());
  });

  it('a member of etcd is cut off from the others: requests and changes go on, at its own host too', async () => {
    const load = new HostsLoad(stage, hosts);
    await load.more(MORE);
    const leader = await hosts.leader();
    const heal = await hosts.cutOffMember(leader!);
    tell('ms until a change is taken at its host', [await writable(leader!)]);
    await changes(HOSTS);
    await load.more(MORE);
    await heal();
    await hosts.etcd.ready();
    await changes(HOSTS);
    tell('requests', await load.passes());
  });

  it('all of etcd is away: requests go on, changes get 503 with the reason, and all catch up', async () => {
    const load = new HostsLoad(stage, hosts);
    await load.more(MORE);
    const before = await hosts.spread('host-1');
    await hosts.etcd.stop();
    for (const host of HOSTS) {
      const { status, body } = await hosts.api(host).call('POST', '/configuration/keys/rotate');
      expect(status).to.equal(503);
      expect((body as { error: string }).error).to.match(/^etcd cannot be used: /);
    }
    await hosts.kill('worker', 'edge');
    const anew = hosts.start('worker', 'edge');
    await eventually('all say that it is away, and nobody leads', async () => {
      const all = await Promise.all(HOSTS.map(host => hosts.spread(host)));
      return all.every(({ away, leader }) => away !== undefined && leader === undefined);
    });
    await load.more(2 * MORE);
    expect((await hosts.spread('host-2')).edition).to.equal(before.edition);
    for (const member of HOSTS.keys()) hosts.etcd.restart(member);
    await hosts.etcd.ready();
    await anew.logged('table-taken', { ms: NOTICED });
    for (const host of HOSTS) await writable(host);
    await changes(HOSTS);
    await load.more(MORE);
    tell('requests', await load.passes());
  });

  /** Those that are given up by frontends that go on. */
  const lost = (name: string, by: readonly HostName[]) =>
    Promise.all(
      by.map(host =>
        hosts.of('frontend', host).logged('worker-lost', {
          since: hosts.of('frontend', host).lines.length,
          ms: NOTICED,
          where: line => line.name === name,
        }),
      ),
    );

  const joined = (name: string) =>
    Promise.all(
      HOSTS.map(host =>
        hosts.of('frontend', host).logged('worker-joined', {
          since: hosts.of('frontend', host).lines.length,
          ms: NOTICED,
          where: line => line.name === name,
        }),
      ),
    );

  async function lose(place: PlaceName, load: HostsLoad): Promise<void> {
    const given = lost(`worker-${place === 'edge' ? 4 : place.slice(-1)}`, others(place));
    const off = hosts.powerOff(place);
    if (place !== 'edge') await load.leave(place);
    await off;
    await given;
  }

  const others = (place: PlaceName) => HOSTS.filter(host => host !== place);

  it("a worker's host is lost, and is back: no request fails, and it is picked up", async () => {
    const load = new HostsLoad(stage, hosts);
    await load.more(MORE);
    await lose('edge', load);
    await load.more(MORE);
    const there = joined('worker-4');
    await hosts.powerOn('edge');
    await there;
    await load.more(MORE);
    tell('requests', await load.passes());
  });

  it('a host with all roles is lost, and is back: clients of the others go on, and it is picked up', async () => {
    const load = new HostsLoad(stage, hosts);
    await load.more(MORE);
    await lose('host-2', load);
    await load.more(MORE);
    await changes(others('host-2'));
    await hosts.powerOn('host-2');
    const back = hosts.of('frontend', 'host-2');
    for (const name of ['worker-1', 'worker-2', 'worker-3', 'worker-4']) {
      await back.logged('worker-joined', { ms: NOTICED, where: line => line.name === name });
    }
    load.join('host-2');
    await load.more(MORE);
    tell('requests', await load.passes());
  });
});
