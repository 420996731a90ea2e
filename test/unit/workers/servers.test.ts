import { expect } from 'chai';
import type { ServerAddress } from '../../../src/config/cluster.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { Version } from '../../../src/versions/version.js';
import type { Server } from '../../../workers/containers/server.js';
import { Servers } from '../../../workers/containers/servers.js';
import type { EjectionTerms } from '../../../workers/routing/ejection.js';
import { FakeClock } from '../support-clock.js';

/** Milliseconds: the first ejection lasts 500. */
const ejection: EjectionTerms = {
  consecutive: 3,
  failureShare: 0.5,
  minimumSample: 20,
  window: 10_000,
  base: 500,
  longest: 5000,
  mostEjected: 0.5,
};

const none: ReadonlySet<Server> = new Set();

const versionOf = (servers: number): Version => {
  const [first = 1, ...more] = Array.from({ length: servers }, (_, at) => at + 1);
  const address = (port: number) => ({ host: '127.0.0.1', port });
  return {
    id: versionId('v'),
    number: '1.0',
    servers: [address(first), ...more.map(address)],
    transition: { mode: 'INSTANT' },
    state: { name: 'complete' },
  };
};

describe('Servers, of which some fail', () => {
  let clock: FakeClock;
  let told: (readonly [what: string, port: number, until?: number])[];
  beforeEach(() => {
    clock = new FakeClock();
    clock.advance(1000);
    told = [];
  });

  const serversOf = (number: number, mostConnections = 10, reach = () => Promise.resolve(true)) =>
    new Servers(versionOf(number), {
      mostConnections,
      reach,
      connectTimeout: 1000,
      clock,
      ejection,
      ejected: ({ address }, until) => told.push(['ejected', address.port, until]),
      admitted: ({ address }) => told.push(['admitted', address.port]),
    });

  /** The server with that port. */
  function at(servers: Servers, port: number): Server {
    for (let n = 0; n < 10; n++) {
      const server = servers.pick(none, true);
      if (server?.address.port === port) return server;
    }
    return expect.fail(`no server ${String(port)}`);
  }

  function eject(servers: Servers, ...failing: readonly Server[]): void {
    for (const server of failing) for (let n = 0; n < 3; n++) servers.failed(server, clock.now());
  }

  const portsOf = (servers: Servers, picks: number, insist = false) =>
    Array.from({ length: picks }, () => servers.pick(none, insist)?.address.port);

  it('leaves out one that failed three times in a row, and tells until when', () => {
    const servers = serversOf(2);
    const bad = at(servers, 1);
    for (let n = 0; n < 2; n++) servers.failed(bad, clock.now());
    expect(new Set(portsOf(servers, 4))).to.deep.equal(new Set([1, 2]));
    servers.failed(bad, clock.now());
    expect(told).to.deep.equal([['ejected', 1, 1500]]);
    expect(portsOf(servers, 4)).to.deep.equal([2, 2, 2, 2]);
  });

  it('leaves out one whose machine did not answer three times in a row, while nothing has ended', async () => {
    let asked = 0;
    const reach = () => Promise.resolve(++asked > 100);
    const servers = serversOf(2, 10, reach);
    const bad = at(servers, 1);
    for (let n = 1; n <= 3; n++) {
      expect(told, `after ${n - 1}`).to.deep.equal([]);
      const answers = [bad.isReachable(), bad.isReachable()]; // one question, of two that wait there
      expect(await Promise.all(answers)).to.deep.equal([false, false]);
      clock.advance(1000);
    }
    expect(told).to.deep.equal([['ejected', 1, 3500]]);
    expect(asked).to.equal(3);
  });

  it('keeps one in that answers in between', () => {
    const servers = serversOf(2);
    const server = at(servers, 1);
    for (let n = 0; n < 5; n++) {
      servers.failed(server, clock.now());
      servers.failed(server, clock.now());
      servers.succeeded(server, clock.now());
    }
    expect(told).to.deep.equal([]);
  });

  it('sends one request when the ejection is over, and lets the server in when it is answered', () => {
    const servers = serversOf(2);
    const [bad, good] = [at(servers, 1), at(servers, 2)];
    eject(servers, bad);
    clock.advance(499);
    expect(servers.pick(new Set([good]))).to.equal(undefined);
    clock.advance(1);
    expect(servers.pick(new Set([good]))).to.equal(bad);
    expect(servers.pick(new Set([good]))).to.equal(undefined); // one request only
    servers.succeeded(bad, clock.now());
    expect(told.at(-1)).to.deep.equal(['admitted', 1]);
    expect(new Set(portsOf(servers, 4))).to.deep.equal(new Set([1, 2]));
  });

  it('leaves it out for longer when that request fails as well', () => {
    const servers = serversOf(2);
    const [bad, good] = [at(servers, 1), at(servers, 2)];
    eject(servers, bad);
    clock.advance(500);
    servers.pick(new Set([good]));
    servers.failed(bad, clock.now());
    expect(told.at(-1)).to.deep.equal(['ejected', 1, 2500]);
    clock.advance(999);
    expect(servers.pick(new Set([good]))).to.equal(undefined);
    clock.advance(1);
    expect(servers.pick(new Set([good]))).to.equal(bad);
  });

  it('tries once more when nothing is heard of the request that tried it', () => {
    const servers = serversOf(1);
    const only = at(servers, 1);
    eject(servers, only);
    clock.advance(500);
    expect(portsOf(servers, 2)).to.deep.equal([1, undefined]);
    clock.advance(500);
    expect(portsOf(servers, 2)).to.deep.equal([1, undefined]);
  });

  it('hears nothing new of attempts that began before the ejection', () => {
    const servers = serversOf(2);
    const bad = at(servers, 1);
    clock.advance(10);
    eject(servers, bad);
    servers.succeeded(bad, 1000);
    clock.advance(500);
    servers.pick(new Set([at(servers, 2)]));
    servers.failed(bad, 1000);
    expect(told.map(([what]) => what)).to.deep.equal(['ejected']);
  });

  it('gives none when all are ejected, but to a caller that insists', () => {
    const servers = serversOf(2);
    eject(servers, at(servers, 1), at(servers, 2));
    expect(servers.pick(none)).to.equal(undefined);
    expect(new Set(portsOf(servers, 4, true))).to.deep.equal(new Set([1, 2]));
  });

  it('lets one in that was asked because the caller insisted, and that answered', () => {
    const servers = serversOf(1);
    const only = at(servers, 1);
    eject(servers, only);
    clock.advance(10);
    expect(servers.pick(none, true)).to.equal(only);
    servers.succeeded(only, clock.now());
    expect(told.at(-1)).to.deep.equal(['admitted', 1]);
    expect(servers.pick(none)).to.equal(only);
  });

  it('gives nobody a server twice for one request, however much it insists', () => {
    const servers = serversOf(1);
    const only = at(servers, 1);
    expect(servers.pick(new Set([only]), true)).to.equal(undefined);
    eject(servers, only);
    expect(servers.pick(new Set([only]), true)).to.equal(undefined);
  });

  it('prefers a server that is in, also for a caller that insists', () => {
    const servers = serversOf(2);
    eject(servers, at(servers, 1));
    expect(portsOf(servers, 4, true)).to.deep.equal([2, 2, 2, 2]);
  });

  it('leaves out half of them at most, and spares those whose time ends first', () => {
    const servers = serversOf(4);
    const failing = [at(servers, 1), at(servers, 2), at(servers, 3)];
    for (const server of failing) {
      eject(servers, server);
      clock.advance(10);
    }
    expect(new Set(portsOf(servers, 8))).to.deep.equal(new Set([1, 4]));
  });

  it('passes over one that has no room, also among those that are in', () => {
    const servers = serversOf(2, 1);
    const [bad, good] = [at(servers, 1), at(servers, 2)];
    eject(servers, bad);
    good.outstanding = 1;
    expect(servers.pick(none)).to.equal(undefined);
  });

  it('says how many are left: neither tried nor left out', () => {
    const servers = serversOf(3);
    const [first, second] = [at(servers, 1), at(servers, 2)];
    expect(servers.left(none)).to.equal(3);
    expect(servers.left(new Map([[second, 'refused']]))).to.equal(2);
    eject(servers, first);
    expect(servers.left(none)).to.equal(2);
    expect(servers.left(new Set([first]))).to.equal(2);
    expect(servers.left(new Set([second]))).to.equal(1);
    clock.advance(500);
    expect(servers.left(none)).to.equal(3); // it may be tried again
    servers.succeeded(first, clock.now());
    expect(servers.left(none)).to.equal(3);
  });

  it('counts those that are left out as well, for a caller that insists', () => {
    const servers = serversOf(2);
    const [first, second] = [at(servers, 1), at(servers, 2)];
    eject(servers, first, second);
    expect([servers.left(none), servers.left(none, true)]).to.deep.equal([0, 2]);
    expect(servers.left(new Set([first]), true)).to.equal(1);
  });

  it('is tried again by a request that can be rescued, by another only when that is long overdue', () => {
    const servers = serversOf(2);
    const [bad, good] = [at(servers, 1), at(servers, 2)];
    eject(servers, bad);
    const others = new Set([good]);
    clock.advance(999);
    expect(servers.pick(others, false, false)).to.equal(undefined);
    clock.advance(1);
    expect(servers.pick(others, false, false)).to.equal(bad);
    expect(servers.pick(others, false, true)).to.equal(undefined, 'one request only');
  });

  it('gets a request that cannot be rescued where its caller insists', () => {
    const servers = serversOf(1);
    const only = at(servers, 1);
    eject(servers, only);
    expect(servers.pick(none, true, false)).to.equal(only);
  });

  it('keeps the last one in whatever its application answers, and not where it is not there', () => {
    const isAnswer = true;
    const servers = serversOf(2);
    const [first, second] = [at(servers, 1), at(servers, 2)];
    for (const server of [first, second]) {
      for (let n = 0; n < 5; n++) servers.failed(server, clock.now(), isAnswer);
    }
    expect(told).to.deep.equal([['ejected', 1, 1500]]);
    expect(servers.pick(none)).to.equal(second);
    eject(servers, second);
    expect(servers.pick(none)).to.equal(undefined);
  });

  it('keeps the only one in whatever its application answers, and says that its version failed', () => {
    const servers = serversOf(1);
    const only = at(servers, 1);
    for (let n = 0; n < 5; n++) expect(servers.failed(only, clock.now(), true)).to.equal('version');
    expect(servers.pick(none)).to.equal(only);
  });

  it('does not care for servers of other versions', () => {
    const [servers, others] = [serversOf(1), serversOf(1)];
    eject(servers, at(others, 1));
    expect(told).to.deep.equal([]);
    expect(portsOf(servers, 1)).to.deep.equal([1]);
  });

  it('ejects by the usual terms where none are given, and need not tell anybody', () => {
    const servers = new Servers(versionOf(1), { mostConnections: 10, connectTimeout: 1000, clock });
    const only = servers.pick(none)!;
    for (let n = 0; n < 4; n++) servers.failed(only, clock.now());
    expect(servers.pick(none)).to.equal(only);
    servers.failed(only, clock.now());
    expect(servers.pick(none)).to.equal(undefined);
    clock.advance(5000);
    expect(servers.pick(none)).to.equal(only);
    servers.succeeded(only, clock.now());
    expect(servers.left(none)).to.equal(1);
  });

  describe('when its version gets others', () => {
    const address = (port: number) => ({ host: '127.0.0.1', port });

    it('gives requests to those that came, and none to those that went', () => {
      const servers = serversOf(2);
      servers.take([address(2), address(3)]);
      expect(new Set(portsOf(servers, 4))).to.deep.equal(new Set([2, 3]));
      expect(servers.left(none)).to.equal(2);
    });

    it('keeps the record of those that stay', () => {
      const servers = serversOf(2);
      const [bad, good] = [at(servers, 1), at(servers, 2)];
      eject(servers, bad);
      servers.take([address(3), address(1), address(2)]);
      expect(new Set(portsOf(servers, 6))).to.deep.equal(new Set([2, 3]));
      expect(at(servers, 2)).to.equal(good);
      const third = at(servers, 3);
      clock.advance(500);
      expect(servers.pick(new Set([good, third]))).to.equal(bad);
    });

    it('forgets that one was left out that went, also where it comes again', () => {
      const servers = serversOf(2);
      eject(servers, at(servers, 1));
      servers.take([address(2)]);
      servers.take([address(1), address(2)]);
      expect(new Set(portsOf(servers, 4))).to.deep.equal(new Set([1, 2]));
    });

    it('blames those that stay for nothing that happens to one that went', () => {
      const servers = serversOf(2);
      const gone = at(servers, 1);
      servers.take([address(2)]);
      expect(servers.failed(gone, clock.now())).to.equal('server');
      servers.succeeded(gone, clock.now());
      expect(told).to.deep.equal([]);
      expect(portsOf(servers, 2)).to.deep.equal([2, 2]);
    });

    it('shares connections out among as many as there are then', () => {
      const servers = new Servers(versionOf(1), {
        mostConnections: 10,
        mostTogether: 6,
        connectTimeout: 1000,
        clock,
      });
      const only = at(servers, 1);
      only.outstanding = 5;
      expect(servers.pick(none)).to.equal(only);
      servers.take([address(1), address(2)]);
      only.outstanding = 3;
      at(servers, 2).outstanding = 3;
      expect(servers.pick(none)).to.equal(undefined, 'three each');
      servers.take([address(1)]);
      expect(servers.pick(none)).to.equal(only);
    });
  });

  describe('in zones', () => {
    const inZone = (port: number, zone?: string) => ({ host: '127.0.0.1', port, zone });
    const everywhere = [
      inZone(1, 'a'),
      inZone(2, 'b'),
      inZone(3, 'a'),
      inZone(4),
    ] as const satisfies readonly ServerAddress[];

    const serversFrom = (zone: string | undefined) => {
      const version = { ...versionOf(1), servers: everywhere };
      return new Servers(version, {
        mostConnections: 2,
        connectTimeout: 1000,
        clock,
        ejection,
        zone,
      });
    };

    it('asks those of its own zone, each as often', () => {
      expect(portsOf(serversFrom('a'), 6)).to.deep.equal([1, 3, 1, 3, 1, 3]);
    });

    it('asks all where none is in its zone, or it is in none', () => {
      for (const zone of ['c', undefined]) {
        expect(portsOf(serversFrom(zone), 8)).to.deep.equal([1, 2, 3, 4, 1, 2, 3, 4]);
      }
    });

    it('goes elsewhere at once while those of its zone have no room', () => {
      const servers = serversFrom('b');
      const near = at(servers, 2);
      near.outstanding = 2;
      expect(new Set(portsOf(servers, 3))).to.deep.equal(new Set([1, 3, 4]));
      near.outstanding = 1;
      expect(portsOf(servers, 2)).to.deep.equal([2, 2]);
    });

    it('goes elsewhere at once while those of its zone rest, and for a request that has tried them', () => {
      const servers = serversFrom('b');
      const near = at(servers, 2);
      expect(servers.pick(new Set([near]))?.address.port).to.equal(1);
      near.restsUntil = clock.now() + 1;
      expect(portsOf(servers, 3)).to.deep.equal([3, 4, 1]);
      clock.advance(1);
      expect(portsOf(servers, 2)).to.deep.equal([2, 2]);
    });

    it('goes elsewhere at once when those of its zone are left out, and comes back', () => {
      const servers = serversFrom('b');
      const near = at(servers, 2);
      eject(servers, near);
      expect(new Set(portsOf(servers, 6))).to.deep.equal(new Set([1, 3, 4]));
      clock.advance(500);
      expect(servers.pick(none)).to.equal(near, 'it is tried again');
      expect(portsOf(servers, 1), 'by one request').to.not.include(2);
      servers.succeeded(near, clock.now());
      expect(portsOf(servers, 3)).to.deep.equal([2, 2, 2]);
    });

    it('heeds that a server is said to stand elsewhere, and keeps its record', () => {
      const servers = serversFrom('b');
      const before = at(servers, 2);
      servers.take([inZone(1, 'a'), inZone(2, 'a'), inZone(3, 'b'), inZone(4)]);
      expect(portsOf(servers, 3)).to.deep.equal([3, 3, 3]);
      at(servers, 3).outstanding = 2;
      expect(at(servers, 2)).to.equal(before);
    });
  });
});
