import { expect } from 'chai';
import { SETTLE, Sharing } from '../../../src/control/sharing.js';
import { share, versionId, type WorkerId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import type { Standing } from '../../../src/wire/shared.js';

const version = versionId('v1');
const table = firstTable({
  id: version,
  number: '1.0',
  servers: [
    { host: 'a', port: 1 },
    { host: 'a', port: 2 },
  ],
  transition: { mode: 'INSTANT' },
});

const id = (name: string) => name as WorkerId;
const server = { version, server: 'a:1' };
const out = [{ ...server, ms: 5000 }];

const standing = (part: number, about: Partial<Standing> = {}): Standing => ({
  part: share(part),
  used: share(0),
  wants: false,
  out: [],
  uses: [],
  ...about,
});

/** Control that has begun long ago, and these workers with their parts. */
function begun(workers: Readonly<Record<string, Standing>>) {
  const sharing = new Sharing();
  sharing.news(-SETTLE, true);
  for (const [name, each] of Object.entries(workers)) sharing.stands(id(name), each, 0);
  const news = (now: number) => {
    sharing.look(table, now);
    return Object.fromEntries(sharing.news(now, true));
  };
  return { sharing, news };
}

describe('Sharing', () => {
  it('tells each worker its part once, and nothing more while nothing changes', () => {
    const { news } = begun({ a: standing(0.5), b: standing(0.5) });
    const told = { part: 0.5, servers: [] };
    expect(news(0)).to.deep.equal({ a: told, b: told });
    expect(news(50)).to.deep.equal({});
  });

  it('tells a worker that comes its part when the others have given it up', () => {
    const { sharing, news } = begun({ a: standing(1) });
    news(0);
    sharing.stands(id('b'), standing(0), 10);
    expect(news(50)).to.deep.equal({
      a: { part: 0.5, servers: [] },
      b: { part: 0, servers: [] },
    });
    sharing.stands(id('a'), standing(0.5), 60);
    expect(news(100)).to.deep.equal({ b: { part: 0.5, servers: [] } });
  });

  it('keeps the part of one that has gone for a while, and what it had used until that fades', () => {
    const { sharing, news } = begun({ a: standing(0.3), b: standing(0.7, { used: share(0.4) }) });
    news(0);
    sharing.gone(id('b'), 100);
    sharing.gone(id('b'), 100);
    sharing.gone(id('nobody'), 100);
    expect(news(SETTLE + 50)).to.deep.equal({});
    const { part } = news(SETTLE + 100)['a']!;
    expect(part).to.be.closeTo(1 - 0.4 * Math.exp(-0.2), 0.001);
    sharing.stands(id('a'), standing(part), SETTLE + 200);
    expect(news(60_000)['a']?.part).to.be.closeTo(1, 0.01);
    expect(news(90_000)).to.deep.equal({});
  });

  it('gives nobody more, and says nothing of servers, when it has just begun', () => {
    const sharing = new Sharing();
    sharing.news(0, true);
    sharing.stands(id('a'), standing(0.25, { out }), 10);
    const news = (now: number) => {
      sharing.look(table, now);
      return Object.fromEntries(sharing.news(now, true));
    };
    expect(news(50)).to.deep.equal({ a: { part: 0.25, servers: undefined } });
    sharing.stands(id('b'), standing(1), 60);
    expect(news(100)).to.deep.equal({ b: { part: 0.5, servers: undefined } });
    const servers = [{ ...server, isOut: false, ms: 5010 - SETTLE }];
    sharing.stands(id('b'), standing(0.5), 200);
    expect(news(SETTLE)).to.deep.equal({ a: { part: 0.5, servers }, b: { part: 0.5, servers } });
  });

  it('tells everybody of a server that most leave out, and when it is in again', () => {
    const { sharing, news } = begun({ a: standing(0.5), b: standing(0.5) });
    news(0);
    sharing.stands(id('a'), standing(0.5, { out }), 100);
    expect(news(150)['b']?.servers).to.deep.equal([{ ...server, isOut: false, ms: 4950 }]);
    sharing.stands(id('b'), standing(0.5, { out }), 200);
    expect(news(250)['a']?.servers).to.deep.equal([{ ...server, isOut: true, ms: 4950 }]);
    expect(news(300)).to.deep.equal({});
    sharing.gone(id('a'), 400);
    sharing.stands(id('b'), standing(0.5), 400);
    expect(news(450)['b']?.servers).to.deep.equal([]);
  });

  it('goes on where another control was, and tells it all once: nothing changes by that', () => {
    const { sharing, news } = begun({
      a: standing(0.75, { out, wants: true }),
      b: standing(0.25, { out }),
    });
    sharing.look(table, 0);
    sharing.look(table, 1000);
    expect(sharing.news(1000, false).size, 'another one leads').to.equal(0);
    expect(news(1000)).to.deep.equal({
      a: { part: 0.75, servers: undefined },
      b: { part: 0.25, servers: undefined },
    });
    const told = news(1000 + SETTLE);
    expect(told['a']?.servers).to.deep.equal([{ ...server, isOut: true, ms: 4000 - SETTLE }]);
    expect(told['b']?.part).to.equal(0.25);
  });

  it('moves parts to who wants them', () => {
    const { sharing, news } = begun({ a: standing(0.5), b: standing(0.5) });
    news(0);
    sharing.stands(id('a'), standing(0.5, { used: share(0.5), wants: true }), 40);
    expect(news(50)).to.deep.equal({ b: { part: 0.125, servers: [] } });
    sharing.stands(id('b'), standing(0.125), 90);
    expect(news(100)).to.deep.equal({ a: { part: 0.875, servers: [] } });
  });
});
