/** The servers of a fleet and what they answer: no socket is there. */
import { expect } from 'chai';
import { share, versionId } from '../../../src/kernel/ids.js';
import { isNonEmpty, type NonEmpty } from '../../../src/kernel/non-empty.js';
import type { Version } from '../../../src/versions/version.js';
import { Asking } from '../../../workers/asking.js';
import type { Server } from '../../../workers/containers/server.js';
import { Servers, type Tried } from '../../../workers/containers/servers.js';
import { Fleet } from '../../../workers/fleet.js';
import { Withheld } from '../../../workers/observation/withheld.js';
import { Outgoing } from '../../../workers/outgoing.js';
import { RetryBudget, usualBudget } from '../../../workers/rescue/budget.js';
import { FakeClock } from '../support-clock.js';
import { answer, FakeConnection, HEAD, ID, OK, request, usualLimits } from './stand.js';

/** Failures of the version that users move to, until which its servers are asked all the same. */
const SAMPLE = 20;
/** Failures in a row that leave a server out. */
const IN_ROW = 5;
/** Milliseconds that a server is left out for the first time. */
const OUT = 5000;

const RESETS = '';
const BUG = answer('no', 500);

/** What a server says to a request for that target. */
type Says = (server: string, target: string) => string;

/** Servers that answer at once. */
class Scripted extends Servers {
  says: (server: string) => string = () => OK;

  override pick(tried: Tried, insist?: boolean, isRepeatable?: boolean): Server | undefined {
    const server = super.pick(tried, insist, isRepeatable);
    if (server === undefined) return undefined;
    return Object.assign(server, {
      lend: () => {
        const connection = new FakeConnection();
        connection.saysAtOnce(this.says(server.name));
        return Promise.resolve(connection);
      },
      giveBack: () => undefined,
    });
  }
}

class World {
  readonly clock = new FakeClock();
  /** First attempts that control hears of as failed, by version. */
  readonly told: string[] = [];
  readonly #fleet: Fleet;
  #target = '/';
  readonly #budget = new RetryBudget(usualBudget);
  readonly #withheld = new Withheld(({ observation: { version, outcome, attempt } }) => {
    if (outcome === 'failed' && attempt === 1) this.told.push(version);
  });

  constructor(versions: NonEmpty<Version>, says: Says) {
    this.clock.advance(1000);
    this.#fleet = new Fleet({ edition: 1, versions }, version => {
      const options = { mostConnections: 10, connectTimeout: 1000, clock: this.clock };
      const servers = new Scripted(version, options);
      servers.says = server => says(server, this.#target);
      return servers;
    });
  }

  /** Who answered, and with which status; or the code of what went wrong. */
  async asks(first: string, about: { method?: string; target?: string } = {}): Promise<string> {
    const { method = 'GET', target = '/' } = about;
    const head = HEAD.replace('GET /', `${method} ${target}`);
    const asking = this.#asking(method, head);
    this.#target = target;
    try {
      const { attempt, opened } = await asking.accepted(versionId(first));
      const { status } = opened.head;
      asking.observe(attempt, { outcome: status >= 500 ? 'failed' : 'ok', status });
      return `${status} ${attempt.server.name}`;
    } catch (cause) {
      return String((cause as { code?: unknown }).code);
    }
  }

  async asksOften(times: number, ...asked: Parameters<World['asks']>): Promise<readonly string[]> {
    const said: string[] = [];
    for (let n = 0; n < times; n++) said.push(await this.asks(...asked));
    return said;
  }

  #asking(method: string, head: string): Asking {
    const push = () => undefined;
    const outgoing = new Outgoing(request({ method, head }), head, { limits: usualLimits, push });
    return new Asking(ID, outgoing, {
      limits: usualLimits,
      clock: this.clock,
      fleet: this.#fleet,
      budget: this.#budget,
      push,
      observed: (each, blame) => {
        if (blame === undefined) this.#withheld.answered(each);
        else this.#withheld.failed(each, blame);
      },
      refused: () => undefined,
      fault: cause => {
        throw cause;
      },
    });
  }
}

function versionOf(name: string, number: string, servers: number, isMoving = false): Version {
  const addresses = Array.from({ length: servers }, (_, at) => ({ host: name, port: at + 1 }));
  if (!isNonEmpty(addresses)) throw new Error('a version has servers');
  return {
    id: versionId(name),
    number,
    servers: addresses,
    transition: { mode: 'INSTANT' },
    state: isMoving ? { name: 'running', progress: share(0) } : { name: 'complete' },
  };
}

const moving = (servers: number) => versionOf('moving', '3', servers, true);
const stable = (servers: number) => versionOf('stable', '2', servers);
const before = (servers: number) => versionOf('before', '1', servers);
const hasBug: Says = (_, target) => (target === '/bug' ? BUG : OK);
const movingFails: Says = server => (server.startsWith('moving') ? BUG : OK);
const firstResets: Says = (server, target) =>
  server === 'stable:1' ? RESETS : hasBug(server, target);

/** As often as the share of failures of any window needs, that it is left out. */
const leaveFirstOut = (world: World) => world.asksOften(40, 'stable');

describe('The servers of a fleet, of which some fail', () => {
  it('are not given up for the version before, where one page of the stable version is broken', async () => {
    const world = new World([stable(3), before(3)], hasBug);
    const broken = await world.asksOften(4 * IN_ROW, 'stable', { target: '/bug' });
    for (const said of broken) expect(said).to.match(/^500 stable/);
    for (const said of await world.asksOften(6, 'stable')) expect(said).to.match(/^200 stable/);
  });

  it('are the version before’s, where those of the stable version are not there at all', async () => {
    const says: Says = server => (server.startsWith('stable') ? RESETS : OK);
    const world = new World([stable(2), before(1)], says);
    await leaveFirstOut(world);
    expect(await world.asks('stable', { method: 'POST' })).to.equal('200 before:1');
  });

  it('are asked as before, where the one that is left answers a broken page', async () => {
    const world = new World([stable(2)], firstResets);
    await leaveFirstOut(world);
    await world.asksOften(IN_ROW, 'stable', { target: '/bug' });
    const said = await world.asksOften(6, 'stable');
    expect(new Set(said)).to.deep.equal(new Set(['200 stable:2']));
  });

  for (const count of [1, 2, 3, 4, 6, 10]) {
    it(`are enough for the verdict, where all ${count} of a version under way fail`, async () => {
      const world = new World([moving(count), stable(2)], movingFails);
      let requests = 0;
      while (world.told.length < SAMPLE && requests < 200) {
        expect(await world.asks('moving')).to.match(/^200 stable/);
        world.clock.advance(10);
        requests += 1;
      }
      expect(world.told).to.deep.equal(Array.from({ length: SAMPLE }, () => 'moving'));
    });
  }

  it('are not sampled with what cannot be sent again', async () => {
    const world = new World([moving(1), stable(1)], movingFails);
    await world.asksOften(IN_ROW, 'moving');
    const posted = await world.asksOften(SAMPLE, 'moving', { method: 'POST' });
    expect(new Set(posted)).to.deep.equal(new Set(['200 stable:1']));
    expect(world.told).to.have.length(IN_ROW);
    await world.asks('moving');
    expect(world.told).to.have.length(IN_ROW + 1, 'but with what can');
  });

  it('are not tried again with what cannot be sent again, unless that is long overdue', async () => {
    const world = new World([moving(1), stable(1)], movingFails);
    await world.asksOften(IN_ROW, 'moving');
    const post = () => world.asks('moving', { method: 'POST' });
    world.clock.advance(2 * OUT - 1);
    expect(await post()).to.equal('200 stable:1');
    world.clock.advance(1);
    expect(await post()).to.equal('500 moving:1');
    expect(await post()).to.equal('200 stable:1');
  });

  it('get what cannot be sent again, left out or not, where there is nobody else', async () => {
    const world = new World([stable(1)], () => RESETS);
    await world.asksOften(IN_ROW, 'stable');
    expect(await world.asks('stable', { method: 'POST' })).to.equal('ERR_SERVER_RESET');
  });
});
