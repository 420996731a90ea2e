import { expect } from 'chai';
import fc from 'fast-check';
import {
  accessTo,
  healthAfter,
  healthy,
  type Access,
  type EjectionTerms,
  type ServerEvent,
  type ServerHealth,
} from '../../../workers/routing/ejection.js';

const terms: EjectionTerms = {
  consecutive: 3,
  failureShare: 0.5,
  minimumSample: 10,
  window: 1000,
  base: 500,
  longest: 1200,
  mostEjected: 0.5,
};

type Kind = 'succeeded' | 'failed' | 'probe';

const after = (health: ServerHealth, kind: Kind, now: number, sent = now) =>
  healthAfter(health, kind === 'probe' ? { kind } : { kind, sent }, now, terms);

/** `f` failed, `s` succeeded. */
const through = (health: ServerHealth, marks: string, now: number) =>
  Array.from(marks).reduce(
    (at, mark) => after(at, mark === 'f' ? 'failed' : 'succeeded', now),
    health,
  );

const out = (until: number, ejections = 1): ServerHealth => ({
  kind: 'ejected',
  since: 0,
  ejections,
  until,
});

describe('healthAfter', () => {
  it('ejects a server that fails three times in a row', () => {
    expect(through(healthy(0), 'ff', 10).kind).to.equal('in');
    expect(through(healthy(0), 'fff', 10)).to.deep.equal({
      kind: 'ejected',
      since: 10,
      ejections: 1,
      until: 510,
    });
  });

  it('counts anew after a success', () => {
    expect(through(healthy(0), 'ffsff', 10).kind).to.equal('in');
  });

  it('ejects by share, once the sample is large enough', () => {
    expect(through(healthy(0), 'ffsffsffs', 10).kind).to.equal('in'); // 6 of 9
    expect(through(healthy(0), 'ffsffsffsf', 10).kind).to.equal('ejected'); // 7 of 10
  });

  it('does not eject at just the share', () => {
    expect(through(healthy(0), 'fsfsfsfsfs', 10).kind).to.equal('in');
  });

  it('begins a new sample when the window is over', () => {
    const before = through(healthy(0), 'ffsffsffs', 999);
    expect(after(before, 'failed', 999).kind).to.equal('ejected');
    expect(after(before, 'failed', 1000).kind).to.equal('in');
  });

  it('probes no earlier than the ejection ends, and only one request at a time', () => {
    const ejected = out(510);
    expect(after(ejected, 'probe', 509)).to.equal(ejected);
    const probed = after(ejected, 'probe', 510);
    expect(probed).to.deep.equal({ kind: 'probed', since: 510, ejections: 1, until: 1010 });
    expect(after(probed, 'probe', 1009)).to.equal(probed);
  });

  it('probes again when nothing was heard of the probe', () => {
    const probed = after(out(510), 'probe', 510);
    expect(after(probed, 'probe', 1010)).to.include({ kind: 'probed', since: 1010 });
  });

  it('does not probe a server that is in', () => {
    const health = healthy(0);
    expect(after(health, 'probe', 10)).to.equal(health);
  });

  it('lets a server in whose probe succeeds, and remembers', () => {
    const back = after(after(out(510), 'probe', 510), 'succeeded', 520);
    expect(back).to.include({ kind: 'in', since: 520, ejections: 1, inRow: 0 });
  });

  it('ejects for longer each time, up to the bound', () => {
    const again = after(after(out(510), 'probe', 510), 'failed', 600);
    expect(again).to.include({ kind: 'ejected', ejections: 2, until: 1600 });
    const third = after(after(again, 'probe', 1600), 'failed', 2000);
    expect(third).to.include({ kind: 'ejected', ejections: 3, until: 3200 }); // not 3500
  });

  it('forgets ejections of a server that has worked for long', () => {
    const back = after(after(out(510), 'probe', 510), 'succeeded', 600);
    expect(after(back, 'succeeded', 1799)).to.include({ ejections: 1 });
    expect(after(back, 'succeeded', 1800)).to.include({ ejections: 0 });
  });

  it('hears nothing new from what was sent before the state began', () => {
    const ejected = through(healthy(0), 'fff', 100);
    expect(after(ejected, 'succeeded', 110, 99)).to.equal(ejected);
    const probed = after(ejected, 'probe', 600);
    expect(after(probed, 'failed', 610, 99)).to.equal(probed);
    const back = after(probed, 'succeeded', 620, 600);
    expect(after(back, 'failed', 630, 99)).to.equal(back);
  });

  it('lets an ejected server in that was asked nevertheless and answered', () => {
    expect(after(out(510), 'succeeded', 20).kind).to.equal('in');
  });

  it('does not eject longer what was asked nevertheless and failed', () => {
    const ejected = out(510);
    expect(after(ejected, 'failed', 20)).to.equal(ejected);
  });
});

describe('healthAfter, told of what others have seen', () => {
  const told = (health: ServerHealth, event: ServerEvent, now: number) =>
    healthAfter(health, event, now, terms);
  const toldOut = (until: number): ServerEvent => ({ kind: 'told-out', until });
  const out600: ServerHealth = {
    kind: 'ejected',
    since: 100,
    ejections: 0,
    until: 600,
    isTold: true,
  };

  it('leaves a server out that never failed here, and counts no ejection of our own', () => {
    expect(told(healthy(0), toldOut(600), 100)).to.deep.equal(out600);
  });

  it('does so no longer than the longest ejection', () => {
    expect(told(healthy(0), toldOut(99_999), 100)).to.have.property('until', 1300);
  });

  it('changes nothing where it is out already', () => {
    const own = out(500);
    expect(told(own, toldOut(900), 100)).to.equal(own);
  });

  it('lets it in when it is in again for others, with a clean record', () => {
    expect(told(out600, { kind: 'told-in' }, 200)).to.deep.equal(healthy(200));
  });

  it('tries one at once that failed here too, when it is in again for others', () => {
    expect(told(out(500), { kind: 'told-in' }, 200)).to.deep.equal(out(200));
    expect(told(out(500), { kind: 'told-in' }, 600)).to.deep.equal(out(500));
    const probed = after(out(500), 'probe', 500);
    expect(told(probed, { kind: 'told-in' }, 600)).to.equal(probed, 'one request is on its way');
    const isIn = healthy(0);
    expect(told(isIn, { kind: 'told-in' }, 600)).to.equal(isIn);
  });

  it('believes its own answers more', () => {
    expect(after(out600, 'succeeded', 200)).to.deep.equal(healthy(200));
    expect(after(out600, 'succeeded', 200, 99)).to.equal(out600, 'sent before');
  });

  it('has seen it itself once it fails here as well', () => {
    expect(after(out600, 'failed', 200)).to.deep.equal({ ...out(700), since: 200 });
  });

  it('tries it when its time is over: what that shows is seen by itself', () => {
    const probed = after(out600, 'probe', 600);
    expect(probed).to.deep.equal({ ...out600, kind: 'probed', since: 600, until: 1100 });
    expect(after(probed, 'failed', 700)).to.deep.equal({ ...out(1200), since: 700 });
    expect(after(probed, 'succeeded', 700)).to.deep.equal(healthy(700));
  });

  it('needs one failure only of a server that somebody else leaves out', () => {
    const failed: ServerEvent = { kind: 'failed', sent: 10, isSuspect: true };
    expect(told(healthy(0), failed, 10)).to.deep.equal({ ...out(510), since: 10 });
    const answered: ServerEvent = { ...failed, kind: 'succeeded' };
    expect(told(healthy(0), answered, 10)).to.have.property('kind', 'in');
  });
});

describe('accessTo', () => {
  const ok = healthy(0);
  const rows: readonly (readonly [string, readonly ServerHealth[], boolean, readonly Access[]])[] =
    [
      ['opens servers that are in', [ok, ok], false, ['open', 'open']],
      ['closes an ejected one', [ok, out(900)], false, ['open', 'closed']],
      ['probes one whose ejection is over', [ok, out(100)], false, ['open', 'probe']],
      ['says that all failed', [out(900), out(800)], true, ['closed', 'closed']],
      ['probes though all failed', [out(900), out(100)], true, ['closed', 'probe']],
      ['may eject one of two', [out(900), ok], false, ['closed', 'open']],
      ['says of the only server that all failed', [out(900)], true, ['closed']],
      [
        'spares those whose time ends first, where more than half are out',
        [out(900), ok, out(700), out(800)],
        false,
        ['closed', 'open', 'open', 'closed'],
      ],
      [
        'may eject one of three, though that is the whole of half of them',
        [out(900), ok, out(700)],
        false,
        ['closed', 'open', 'open'],
      ],
    ];
  for (const [says, servers, allFailed, access] of rows) {
    it(says, () => {
      expect(accessTo(servers, 100, terms)).to.deep.equal({ allFailed, servers: access });
    });
  }

  it('holds a probed server closed until its probe is given up', () => {
    const probed = after(out(100), 'probe', 100);
    expect(accessTo([ok, probed], 599, terms).servers).to.deep.equal(['open', 'closed']);
    expect(accessTo([ok, probed], 600, terms).servers).to.deep.equal(['open', 'probe']);
  });

  it('never closes more than the share, unless all fail', () => {
    const event = fc.tuple(
      fc.nat({ max: 4 }),
      fc.constantFrom<ServerEvent['kind']>(
        ...(['failed', 'failed', 'failed', 'succeeded', 'probe', 'told-out', 'told-in'] as const),
      ),
      fc.nat({ max: 300 }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), events => {
        let now = 0;
        const servers: ServerHealth[] = Array.from({ length: 5 }, () => healthy(0));
        for (const [at, kind, later] of events) {
          now += later;
          servers[at] =
            kind === 'told-out' || kind === 'told-in'
              ? healthAfter(servers[at]!, { kind, until: now + 400 }, now, terms)
              : after(servers[at]!, kind, now);
          const access = accessTo(servers, now, terms);
          const shut = access.servers.filter(each => each !== 'open').length;
          expect(shut).to.be.at.most(access.allFailed ? 5 : 2);
          expect(access.allFailed).to.equal(servers.every(each => each.kind !== 'in'));
        }
      }),
    );
  });
});
