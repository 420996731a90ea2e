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

const after = (health: ServerHealth, kind: ServerEvent['kind'], now: number, sent = now) =>
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
      fc.constantFrom<ServerEvent['kind']>('failed', 'failed', 'failed', 'succeeded', 'probe'),
      fc.nat({ max: 300 }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), events => {
        let now = 0;
        const servers: ServerHealth[] = Array.from({ length: 5 }, () => healthy(0));
        for (const [at, kind, later] of events) {
          now += later;
          servers[at] = after(servers[at]!, kind, now);
          const access = accessTo(servers, now, terms);
          const shut = access.servers.filter(each => each !== 'open').length;
          expect(shut).to.be.at.most(access.allFailed ? 5 : 2);
          expect(access.allFailed).to.equal(servers.every(each => each.kind !== 'in'));
        }
      }),
    );
  });
});
