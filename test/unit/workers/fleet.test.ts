import { expect } from 'chai';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { NonEmpty } from '../../../src/kernel/non-empty.js';
import type { RoutingTable } from '../../../src/versions/routing-table.js';
import type { Version } from '../../../src/versions/version.js';
import type { Server } from '../../../workers/containers/server.js';
import { Fleet, SWEEP } from '../../../workers/fleet.js';
import { FakeServer, FakeServers, versionOf } from './stand.js';

const none = new Set<Server>();
/** Failures of the version that users move to, until which its ejected servers are asked all the same. */
const SAMPLE = 20;

/** Servers that are left out unless somebody insists. */
class LeftOut extends FakeServers {
  areLeftOut = false;

  override pick(tried: { has(server: Server): boolean }, insist = false): Server | undefined {
    return this.areLeftOut && !insist ? undefined : super.pick(tried);
  }

  override left(tried: { has(server: Server): boolean }, insist = false): number {
    return this.areLeftOut && !insist ? 0 : super.left(tried);
  }
}

describe('Fleet', () => {
  const oldest = versionOf('oldest', '1', { servers: [new FakeServer('o')] });
  const stable = versionOf('stable', '2', { servers: [new FakeServer('s')] });
  const moving = versionOf('moving', '3', { servers: [], transition: { mode: 'INSTANT' } });
  const tableOf = (...versions: NonEmpty<Version>): RoutingTable => ({ edition: 1, versions });
  const demoted: Version = { ...moving, state: { name: 'demoted', because: 'slow' } };
  const complete: Version = { ...moving, state: { name: 'complete' } };

  let made: Map<string, LeftOut>;
  let fleet: Fleet;
  const of = (name: string): LeftOut => {
    const servers = made.get(name);
    if (servers === undefined) throw new Error(`nobody has asked for ${name}`);
    return servers;
  };
  beforeEach(() => {
    made = new Map();
    fleet = new Fleet(tableOf(moving, stable, oldest), ({ id }) => {
      const servers = new LeftOut([new FakeServer(`${id} a`), new FakeServer(`${id} b`)]);
      made.set(id, servers);
      return servers.asServers;
    });
  });
  const picked = (id: string, tried = none) => fleet.pick(versionId(id), tried)?.server.name;
  /** All servers of these versions. */
  const all = (...names: string[]) => {
    names.forEach(name => void fleet.pick(versionId(name), none));
    return new Set(names.flatMap(name => of(name).list as unknown as readonly Server[]));
  };

  it('picks a server of the version, and of the one behind it once all were tried', () => {
    expect(picked('moving')).to.equal('moving a');
    expect(picked('stable')).to.equal('stable a');
    expect(picked('moving', all('moving'))).to.equal('stable a');
    expect(picked('moving', all('moving', 'stable'))).to.equal('oldest a');
    expect(picked('moving', all('moving', 'stable', 'oldest'))).to.equal(undefined);
  });

  it('never picks a newer version than was asked for', () => {
    expect(picked('stable', all('stable', 'oldest'))).to.equal(undefined);
  });

  it('says which version users move to', () => {
    const isMoving = (id: string) => fleet.pick(versionId(id), none)?.isMoving;
    expect([isMoving('moving'), isMoving('stable')]).to.deep.equal([true, false]);
    fleet.take(tableOf(complete, stable));
    expect(isMoving('moving')).to.equal(false, 'nobody is left to move');
  });

  it('makes the servers of a version once, and not before somebody asks for them', () => {
    expect([...made.keys()]).to.deep.equal([]);
    picked('stable');
    const first = of('stable');
    fleet.take(tableOf(moving, { ...stable }));
    picked('stable');
    expect([...made.keys()]).to.deep.equal(['stable']);
    expect(of('stable')).to.equal(first);
  });

  it('tells the servers of a version that stays which ones they are, and closes those of one that went', () => {
    all('moving', 'stable');
    fleet.take(tableOf(stable, oldest));
    expect(of('stable').heard).to.deep.equal(['take']);
    expect([of('moving').isClosed, of('stable').isClosed]).to.deep.equal([true, false]);
  });

  it('passes over a version that was taken back', () => {
    fleet.take(tableOf(demoted, stable, oldest));
    expect(picked('moving')).to.equal('stable a');
    expect(fleet.behind(moving)).to.deep.equal([stable, oldest]);
  });

  it('takes all there are where a version was removed', () => {
    fleet.take(tableOf(stable, oldest));
    expect(picked('moving')).to.equal('stable a');
    expect(fleet.behind(moving)).to.deep.equal([stable, oldest]);
  });

  it('takes all there are where nothing behind a version serves', () => {
    const aborted: Version = { ...oldest, state: { name: 'aborted' } };
    fleet.take(tableOf(stable, aborted));
    expect(picked('oldest')).to.equal('stable a');
  });

  it('knows the versions behind one', () => {
    expect(fleet.behind(moving)).to.deep.equal([stable, oldest]);
    expect(fleet.behind(stable)).to.deep.equal([oldest]);
    expect(fleet.behind(oldest)).to.deep.equal([]);
  });

  it('counts the servers of a version that are left', () => {
    picked('stable');
    const [first] = of('stable').list as unknown as readonly Server[];
    expect(fleet.left(stable, none)).to.equal(2);
    expect(fleet.left(stable, { has: each => each === first })).to.equal(1);
  });

  describe('of one version and no other', () => {
    it('picks its servers', () => {
      expect(fleet.pickOf(moving, none)?.server.name).to.equal('moving a');
      expect(fleet.pickOf(moving, all('moving'))).to.equal(undefined);
    });

    it('picks none once it was taken back', () => {
      fleet.take(tableOf(demoted, stable));
      expect(fleet.pickOf(moving, none)).to.equal(undefined);
    });
  });

  describe('whose servers are left out', () => {
    beforeEach(() => {
      all('moving', 'stable', 'oldest');
      of('stable').areLeftOut = true;
    });

    it('goes to the version behind', () => {
      expect(picked('stable')).to.equal('oldest a');
    });

    it('takes one all the same before it takes none', () => {
      of('oldest').areLeftOut = true;
      expect(picked('stable')).to.equal('stable a');
      expect(picked('stable', all('stable'))).to.equal('oldest a');
    });

    /** Who serves so many first requests, each once. */
    const servedBy = (requests: number) =>
      new Set(Array.from({ length: requests }, () => picked('moving')));

    it('asks the version that users move to all the same, for a sample', () => {
      of('moving').areLeftOut = true;
      expect([...servedBy(SAMPLE)]).to.deep.equal(['moving a']);
      expect([...servedBy(2 * SAMPLE)]).to.deep.equal(['oldest a']);
    });

    it('goes on with the sample, so many a second: a version that dies late wants more', () => {
      of('moving').areLeftOut = true;
      servedBy(2 * SAMPLE);
      fleet.sweep(SWEEP);
      expect([...servedBy((SAMPLE * SWEEP) / 1000)]).to.deep.equal(['moving a']);
      expect(picked('moving')).to.equal('oldest a');
      for (let second = 0; second < 100; second++) fleet.sweep(second * SWEEP);
      expect([...servedBy(SAMPLE)]).to.deep.equal(['moving a']);
      expect(picked('moving')).to.equal('oldest a');
    });

    it('spends no sample on servers that are in', () => {
      servedBy(2 * SAMPLE);
      of('moving').areLeftOut = true;
      expect([...servedBy(SAMPLE)]).to.deep.equal(['moving a']);
    });

    it('samples nothing with what cannot be sent again, or has been sent before', () => {
      of('moving').areLeftOut = true;
      for (const request of [
        { isRepeatable: false, isFirst: true },
        { isRepeatable: true, isFirst: false },
      ]) {
        expect(fleet.pick(versionId('moving'), none, request)?.server.name).to.equal('oldest a');
      }
      expect([...servedBy(SAMPLE)]).to.deep.equal(['moving a']);
    });

    it('has none left of them, unless there is no version behind', () => {
      expect(fleet.left(stable, none)).to.equal(0);
      fleet.take(tableOf(moving, stable));
      expect(fleet.left(stable, none)).to.equal(2);
    });

    it('begins a new sample with another version, and not with another table', () => {
      of('moving').areLeftOut = true;
      servedBy(SAMPLE);
      fleet.take(tableOf(moving, stable, oldest));
      expect(picked('moving')).to.equal('oldest a');
      fleet.take(tableOf(demoted, stable, oldest));
      const again: Version = { ...moving, state: { name: 'running', progress: share(0) } };
      fleet.take(tableOf(again, stable, oldest));
      expect(picked('moving')).to.equal('moving a');
    });
  });

  it('tells the servers what became of an attempt, and says whose failure it was', () => {
    picked('stable');
    const server = of('stable').list[1] as unknown as Server;
    of('stable').blame = 'server';
    fleet.succeeded({ version: stable, server, startedAt: 0 });
    expect(fleet.failed({ version: stable, server, startedAt: 0 })).to.equal('server');
    expect(of('stable').heard).to.deep.equal(['stable b succeeded', 'stable b failed']);
  });

  it('tells a 5xx of a stable version as its application’s own, and no other failure', () => {
    all('moving', 'stable');
    const failed = (version: Version, status?: number) => {
      const server = of(version.id).list[0] as unknown as Server;
      fleet.failed({ version, server, startedAt: 0 }, status);
      return of(version.id).heard.at(-1);
    };
    expect(failed(stable, 500)).to.equal('stable a failed in its application');
    expect(failed(stable)).to.equal('stable a failed', 'a reset is no answer');
    expect(failed(moving, 500)).to.equal('moving a failed', 'it is on trial');
  });

  it('holds a version that is gone answerable for what was still under way', () => {
    picked('moving');
    const server = of('moving').list[0] as unknown as Server;
    fleet.take(tableOf(stable));
    expect(fleet.failed({ version: moving, server, startedAt: 0 })).to.equal('version');
    expect(of('moving').heard).to.deep.equal([]);
  });

  it('closes the servers of a version that is gone, not of one that was taken back', () => {
    all('moving', 'stable', 'oldest');
    fleet.take(tableOf(demoted, stable));
    const closed = () => [...made].filter(([, { isClosed }]) => isClosed).map(([name]) => name);
    expect(closed()).to.deep.equal(['oldest']);
    fleet.close();
    expect(closed()).to.deep.equal(['moving', 'stable', 'oldest']);
  });

  it('makes no servers of a version that is gone', () => {
    all('moving', 'stable', 'oldest');
    fleet.take(tableOf(moving, stable));
    made.clear();
    expect(fleet.left(oldest, none)).to.equal(0);
    expect([...made.keys()]).to.deep.equal([]);
  });

  it('has all servers look at their deadlines', () => {
    all('moving', 'stable');
    fleet.sweep(5);
    expect([of('moving').heard, of('stable').heard]).to.deep.equal([['sweep'], ['sweep']]);
  });
});
