/** What one worker makes of what others say of servers: real servers of a real fleet, without connections. */
import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import type { SharedServer } from '../../../src/wire/shared.js';
import type { Server } from '../../../workers/containers/server.js';
import { Servers } from '../../../workers/containers/servers.js';
import { Fleet } from '../../../workers/fleet.js';
import type { EjectionTerms } from '../../../workers/routing/ejection.js';
import { FakeClock } from '../support-clock.js';

const ejection: EjectionTerms = {
  consecutive: 3,
  failureShare: 0.5,
  minimumSample: 20,
  window: 10_000,
  base: 500,
  longest: 5000,
  mostEjected: 0.5,
};

const version = versionId('v');
const table = firstTable({
  id: version,
  number: '1.0',
  servers: [
    { host: 'a', port: 1 },
    { host: 'a', port: 2 },
    { host: 'a', port: 3 },
  ],
  transition: { mode: 'INSTANT' },
});
const [only] = table.versions;
const none: ReadonlySet<Server> = new Set();
const said = (port: number, isOut: boolean, ms = 2000): SharedServer => ({
  version,
  server: `a:${String(port)}`,
  isOut,
  ms,
});

describe('Fleet that is told of servers', () => {
  let clock: FakeClock;
  let fleet: Fleet;
  let told: (readonly [what: string, port: number, isTold?: boolean])[];
  beforeEach(() => {
    clock = new FakeClock();
    clock.advance(1000);
    told = [];
    fleet = new Fleet(
      table,
      each =>
        new Servers(each, {
          mostConnections: 10,
          connectTimeout: 1000,
          clock,
          ejection,
          ejected: ({ address }, _, isTold) => told.push(['ejected', address.port, isTold]),
          admitted: ({ address }) => told.push(['admitted', address.port]),
        }),
    );
  });

  const pick = () => {
    const picked = fleet.pick(version, none);
    return picked ?? expect.fail('nobody serves');
  };
  const portsOf = (picks: number) =>
    [...new Set(Array.from({ length: picks }, () => pick().server.address.port))].sort();
  const tell = (...servers: readonly SharedServer[]) => fleet.told(servers, clock.now());
  function serverAt(port: number): Server {
    for (let n = 0; n < 10; n++) {
      const { server } = pick();
      if (server.address.port === port) return server;
    }
    return expect.fail(`no server ${String(port)}`);
  }
  const fails = (server: Server, times: number, status?: number) => {
    for (let n = 0; n < times; n++) {
      fleet.failed({ version: only, server, startedAt: clock.now() }, status);
    }
  };
  const works = (server: Server) =>
    fleet.succeeded({ version: only, server, startedAt: clock.now() });

  it('leaves out what is out for all, until it is told that it is in again', () => {
    expect(portsOf(6)).to.deep.equal([1, 2, 3]);
    tell(said(1, true));
    expect(portsOf(6)).to.deep.equal([2, 3]);
    expect(told).to.deep.equal([['ejected', 1, true]]);
    tell();
    expect(portsOf(6)).to.deep.equal([1, 2, 3]);
    expect(told.at(-1)).to.deep.equal(['admitted', 1]);
  });

  it('knows what was told before the version was asked for the first time', () => {
    tell(said(1, true));
    expect(portsOf(6)).to.deep.equal([2, 3]);
  });

  it('tries it by itself when the time is over that it was told, also where control is away', () => {
    pick();
    tell(said(1, true));
    clock.advance(1999);
    expect(portsOf(6)).to.deep.equal([2, 3]);
    clock.advance(1);
    const server = serverAt(1);
    expect(portsOf(6)).to.deep.equal([2, 3], 'one request');
    works(server);
    expect(portsOf(6)).to.deep.equal([1, 2, 3]);
  });

  it('says of what it was only told neither that it is out nor that it is used', () => {
    portsOf(3);
    tell(said(1, true));
    expect(fleet.leftOut(clock.now())).to.deep.equal([]);
    expect(fleet.uses(clock.now())).to.deep.equal([]);
  });

  it('believes its own answer more than what it is told again', () => {
    pick();
    tell(said(1, true));
    clock.advance(2000);
    works(serverAt(1));
    tell(said(1, true), said(2, false));
    expect(portsOf(6)).to.deep.equal([1, 2, 3]);
    tell();
    tell(said(1, true));
    expect(portsOf(6)).to.deep.equal([2, 3], 'it is out anew');
  });

  it('never loses its last server to what it is told', () => {
    pick();
    tell(said(1, true), said(2, true), said(3, true));
    expect(portsOf(6)).to.deep.equal([1, 3], 'and one of two is spared, as ever');
    expect(told.filter(([what]) => what === 'ejected')).to.have.length(2);
  });

  it('needs one failure without an answer of a server that somebody leaves out', () => {
    const server = serverAt(1);
    tell(said(1, false));
    fails(server, 2, 500);
    expect(told).to.deep.equal([], 'a page may be broken, on every server');
    fails(server, 1);
    expect(told).to.deep.equal([['ejected', 1, false]]);
  });

  it('tells for how long it leaves out what it has seen fail, and by that it is left out', () => {
    fails(serverAt(1), 3);
    clock.advance(100);
    expect(fleet.leftOut(clock.now())).to.deep.equal([{ version, server: 'a:1', ms: 400 }]);
    clock.advance(1000);
    expect(fleet.leftOut(clock.now())).to.deep.equal([{ version, server: 'a:1', ms: 0 }]);
  });

  it('tries at once what it has seen fail, when it is in again for the others', () => {
    const server = serverAt(1);
    fails(server, 3);
    tell(said(1, true));
    expect(portsOf(6)).to.deep.equal([2, 3]);
    tell();
    expect(serverAt(1)).to.equal(server);
    expect(portsOf(6)).to.deep.equal([2, 3], 'one request');
    works(server);
    expect(portsOf(6)).to.deep.equal([1, 2, 3]);
  });

  it('says which of the doubted servers it uses: what it asked in the last ten seconds', () => {
    portsOf(6);
    expect(fleet.uses(clock.now())).to.deep.equal([], 'nobody asks');
    tell(said(1, false), said(9, false));
    expect(fleet.uses(clock.now())).to.deep.equal([{ version, server: 'a:1' }]);
    clock.advance(10_000);
    expect(fleet.uses(clock.now())).to.deep.equal([]);
  });

  it('heeds nothing of versions that it does not have', () => {
    pick();
    tell({ ...said(1, true), version: versionId('other') });
    expect(portsOf(6)).to.deep.equal([1, 2, 3]);
  });
});
