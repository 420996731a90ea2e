import { expect } from 'chai';
import type { ShownEvent } from '../../src/control/why.js';
import type { MannerName } from '../faults/manners.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { HostsLoad, type Passed } from './hosts-load.js';
import { describeOnHosts, Hosts, HOSTS, type HostName } from './hosts.js';

/** At each frontend. */
const MORE = 40;

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
    await hosts.settled();
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
    await hosts.settled();
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

});
