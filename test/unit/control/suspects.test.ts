import { expect } from 'chai';
import {
  HEARING,
  isSame,
  nobodySuspected,
  shownSuspects,
  suspectsOf,
  type Suspects,
  type View,
} from '../../../src/control/suspects.js';
import { versionId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import { MOST_SHARED_SERVERS } from '../../../src/wire/shared.js';

const version = versionId('v1');
const PORTS = 600;
const [first, ...more] = Array.from({ length: PORTS }, (_, at) => ({ host: 'a', port: at + 1 }));
const table = firstTable({
  id: version,
  number: '1.0',
  servers: [first!, ...more],
  transition: { mode: 'INSTANT' },
});

const at = (port: number) => ({ version, server: `a:${port}` });
const out = (...ports: number[]): View => ({
  out: ports.map(port => ({ ...at(port), until: 5000 + port })),
  uses: [],
});
const uses = (...ports: number[]): View => ({ out: [], uses: ports.map(at) });
const idle: View = { out: [], uses: [] };

const seen = (views: readonly View[], before: Suspects = nobodySuspected, now = 0) =>
  suspectsOf(views, { table, before, now });
/** As it is once everybody has been heard. */
const settled = (...views: View[]) => seen(views, seen(views), HEARING);
const outIn = (suspects: Suspects) =>
  [...suspects.values()].filter(({ isOut }) => isOut).map(({ server }) => server);

describe('suspectsOf', () => {
  it('suspects nobody where nobody leaves anything out', () => {
    expect(seen([idle, uses(1)]).size).to.equal(0);
  });

  it('suspects a server that one worker leaves out, and leaves it in for the others', () => {
    const suspects = settled(out(1), uses(1), uses(1));
    expect([...suspects.values()]).to.deep.equal([
      { ...at(1), since: 0, until: 5001, isOut: false },
    ]);
    expect(outIn(settled(out(1), idle)), 'with nobody else who uses it').to.deep.equal([]);
    expect(outIn(settled(out(1))), 'alone').to.deep.equal([]);
  });

  it('leaves a server out that most of all workers leave out, at once', () => {
    expect(outIn(seen([out(1), out(1), uses(1)]))).to.deep.equal(['a:1']);
  });

  it('leaves a server out that most of those leave out that use it, once they had time to say so', () => {
    const views = [out(1), out(1), uses(1), idle, idle, idle];
    const first = seen(views);
    expect(outIn(first)).to.deep.equal([]);
    const before = seen(views, first, HEARING - 1);
    expect(outIn(before)).to.deep.equal([]);
    expect(outIn(seen(views, before, HEARING))).to.deep.equal(['a:1']);
  });

  it('leaves a server in that as many use as leave it out', () => {
    expect(outIn(settled(out(1), out(1), uses(1), uses(1)))).to.deep.equal([]);
    expect(outIn(settled(out(1), out(1), uses(1), uses(1), idle))).to.deep.equal([]);
  });

  it('lets it in again when fewer leave it out', () => {
    const before = settled(out(1), out(1), out(1), idle);
    expect(outIn(before)).to.deep.equal(['a:1']);
    expect(outIn(seen([out(1), uses(1), uses(1), idle], before, 1000))).to.deep.equal([]);
    expect(seen([idle, uses(1)], before, 1000).size).to.equal(0);
  });

  it('counts a worker once, however often it says the same', () => {
    expect(outIn(settled(out(1, 1, 1)))).to.deep.equal([]);
    expect(outIn(settled(out(1, 1), uses(1)))).to.deep.equal([]);
  });

  it('heeds no server that the table does not have', () => {
    const stranger = { version: versionId('v2'), server: 'a:1', until: 1 };
    expect(seen([{ out: [stranger], uses: [] }, out(PORTS + 1)]).size).to.equal(0);
  });

  it('keeps those that most agree upon where there are too many, then those known for longest', () => {
    const all = Array.from({ length: PORTS }, (_, n) => n + 1);
    const before = seen([out(500)]);
    const suspects = seen([out(...all), out(600)], before, 10);
    expect(suspects.size).to.equal(MOST_SHARED_SERVERS);
    expect([...suspects.values()].slice(0, 2).map(({ server }) => server)).to.deep.equal([
      'a:600',
      'a:500',
    ]);
  });

  it('tells for how long, not until when, and that time has passed is no news', () => {
    const views = [out(1), out(1)];
    const before = seen(views);
    expect(shownSuspects(before, 4001)).to.deep.equal([{ ...at(1), isOut: true, ms: 1000 }]);
    expect(shownSuspects(before, 9999)).to.deep.equal([{ ...at(1), isOut: true, ms: 0 }]);
    expect(isSame(before, seen(views, before, 1000))).to.be.true;
    expect(isSame(before, seen([out(1), idle], before))).to.be.false;
    expect(isSame(before, nobodySuspected)).to.be.false;
    expect(isSame(before, seen([out(2), out(2)]))).to.be.false;
  });
});
