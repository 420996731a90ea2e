import { expect } from 'chai';
import type { ShownEvent } from '../../src/control/why.js';
import type { MannerName } from '../faults/manners.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { SessionsAtAll } from './sessions.js';
import { HostsLoad, type Passed } from './hosts-load.js';
import { describeOnHosts, Hosts, HOSTS, type HostName } from './hosts.js';

/** At each frontend. */
const MORE = 40;
/** Percent of new sessions that each request adds to GRADUAL. */
const EACH = 0.02;
/** Milliseconds between two looks at how far it is. */
const LOOK = 100;

describeOnHosts('hosts: the leading control is lost', function () {
  this.timeout(90_000);
  const whole = stageForAll();
  const stage = stageForEach();
  let hosts: Hosts;
  let number = 1;

  before(async () => {
    hosts = await Hosts.open(whole);
  });

  afterEach('one state, wherever it is asked', () => hosts.tellTheSame());

  const tell = (what: string, passed: object) =>
    console.log(`      ${what}: ${JSON.stringify(passed)}`);
  const become = (manner: MannerName) => hosts.containers.new.tell(manner);
  const next = () => `${(number += 1)}.0`;
  const others = (than: HostName) => HOSTS.filter(host => host !== than);

  /** How often each control tells that this happened to the version. */
  const told = (id: string, what: string) =>
    Promise.all(
      HOSTS.map(async host => {
        const { body } = await hosts.api(host).call('GET', '/events');
        return (body as ShownEvent[]).filter(each => each.id === id && each.what === what);
      }),
    );

  /** `take`: the lead from this host. It returns what brings the host back. */
  async function inBadUpgrade(take: (leader: HostName) => Promise<() => unknown>): Promise<Passed> {
    const leader = (await hosts.leader())!;
    const rest = others(leader);
    const [one] = rest as [HostName, HostName];
    const load = new HostsLoad(stage, hosts);
    await load.more(MORE);
    await become('serve');
    const id = await hosts.api(one).deploy(next(), hosts.containers.new.address);
    await hosts.agrees();
    const { edition } = await hosts.spread(one);
    const leaders = hosts.leaders();
    const begun = performance.now();
    const giveBack = await take(leader);
    await become('error at times');
    const successor = await hosts.nextLeader(leader, rest);
    const ledAfter = performance.now() - begun;
    const demoted = async () => (await hosts.api(one).versions())[0]?.state === 'demoted';
    await eventually('it is demoted', demoted);
    const demotedAfter = performance.now() - begun;
    await load.more(MORE);
    await giveBack();
    await hosts.agrees();
    await load.more(MORE);
    const passed = await load.passes({ unsafe: ['500'] });
    expect((await hosts.spread(one)).edition).to.equal(edition + 1);
    for (const events of await told(id, 'demoted')) {
      expect(events.map(each => each.edition)).to.deep.equal([edition + 1]);
    }
    const name = `control-${successor.slice(-1)}`;
    expect(leaders(), 'who led since').to.deep.equal([name, name, name]);
    tell('ms', { ledAfter: Math.round(ledAfter), demotedAfter: Math.round(demotedAfter) });
    tell('requests', passed);
    return passed;
  }

  it('it is killed in a bad upgrade: another leads, and the version is demoted once', () =>
    inBadUpgrade(async leader => {
      await hosts.kill('control', leader);
      return () => void hosts.start('control', leader);
    }));

  it('its host is cut off from the others in a bad upgrade: another leads, demoted once, and its clients are served', () =>
    inBadUpgrade(leader => hosts.cutOff(leader)));

  it('it hears no worker of other hosts in a bad upgrade, though it reaches etcd: another leads, demoted once', () =>
    inBadUpgrade(leader => hosts.cutOffControl(leader)));

  /** What each control that lives tells of it, again and again, until `stop`. */
  function watchedShares(of: readonly HostName[]) {
    const shares = new Map<HostName, number[]>(of.map(host => [host, []]));
    const look = async (host: HostName) => {
      const [newest] = await hosts.api(host).versions();
      if (newest?.progress !== undefined) shares.get(host)!.push(newest.progress);
    };
    const timer = setInterval(() => of.forEach(host => void look(host).catch(() => 0)), LOOK);
    stage.atEnd(() => clearInterval(timer));
    return { shares, stop: () => clearInterval(timer) };
  }

  it('it is killed while GRADUAL goes on: the share never falls, and no session changes its version', async () => {
    const leader = (await hosts.leader())!;
    const rest = others(leader);
    const load = new HostsLoad(stage, hosts);
    const sessions = new SessionsAtAll(stage, hosts);
    await sessions.begin(8);
    await become('serve');
    const { address } = hosts.containers.new;
    const transition = { mode: 'GRADUAL', percentageTransitionPerRequest: EACH };
    const id = await hosts.api(rest[0]!).upgrade(next(), [address], transition);
    await hosts.agrees();
    const { shares, stop } = watchedShares(rest);
    await load.more(MORE);
    await hosts.kill('control', leader);
    await hosts.nextLeader(leader, rest);
    const handedOver = shares.get(rest[0]!)!.at(-1) ?? 0;
    hosts.start('control', leader);
    await eventually('some more have crossed', () => {
      return (shares.get(rest[0]!)!.at(-1) ?? 0) > handedOver + 5;
    });
    await sessions.begin(24);
    await sessions.more(4);
    stop();
    for (const [host, seen] of shares) {
      expect(seen, host).to.deep.equal([...seen].sort((a, b) => a - b));
    }
    const served = await sessions.stop();
    tell('sessions by version', served);
    expect(served.changed, 'sessions that changed their version').to.deep.equal([]);
    expect(served.newer, 'sessions of the newer version').to.be.above(0);
    tell('share', { handedOver, end: shares.get(rest[0]!)!.at(-1) });
    expect(await hosts.api(rest[0]!).remove(id)).to.equal(202);
    tell('requests', await load.passes());
  });
});
