import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { ControlLink, type ControlLinkOptions } from '../../../src/announcements/control-link.js';
import { HeldTable } from '../../../src/announcements/held-table.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { Follow, TableMessage } from '../../../src/wire/control-message.js';
import { stageForEach } from '../../support/stage.js';
import { within } from '../../support/within.js';
import { FakeClock } from '../support-clock.js';
import { acknowledge, KEYS, SpokenControl, tableOf } from './spoken-control.js';

const follow = (edition: number, progress?: Follow['progress']): Follow => ({
  kind: 'follow',
  role: 'worker',
  name: 'worker-1',
  edition,
  progress,
});
const report = { sequence: 1, versions: [] };
const progress = { version: versionId('v1'), share: share(0.5), isHeld: false, taken: 1 };

describe('ControlLink', () => {
  const stage = stageForEach();
  let clock: FakeClock;
  let events: CutoverEvent[];
  let happenings: EventEmitter;
  let taken: TableMessage[];
  let held: HeldTable;
  let address: string;

  beforeEach(async () => {
    clock = new FakeClock();
    events = [];
    happenings = new EventEmitter();
    taken = [];
    address = `ipc://${await stage.folder()}/control`;
  });

  const editions = () => taken.map(({ table }) => table.edition);
  const refusals = () => events.filter(({ type }) => type === 'announcement-refused');
  const happens = (what: string) => within(5000, what, once(happenings, what));

  function start(options: Partial<ControlLinkOptions> = {}): ControlLink {
    const report = (event: CutoverEvent) => events.push(event);
    held = new HeldTable({ take: message => taken.push(message), report });
    const link = new ControlLink({
      address,
      role: 'worker',
      name: 'worker-1',
      heartbeat: 1000,
      silence: 5000,
      clock,
      report,
      held,
      progressed: each => happenings.emit('progress', each),
      ...options,
    });
    const running = link.run();
    stage.atEnd(async () => {
      link.close();
      await within(5000, 'the link has ended', running);
    });
    return link;
  }

  async function linked(options?: Partial<ControlLinkOptions>) {
    const control = await SpokenControl.bind(stage, address);
    const link = start(options);
    await control.links(tableOf(2));
    return { control, link };
  }

  describe('follows', () => {
    it('when it is asked who it is, and has taken the table once it acknowledges it', async () => {
      const control = await SpokenControl.bind(stage, address);
      const link = start();
      expect(await control.asks()).to.deep.equal(follow(0));
      expect(link.isLinked).to.equal(false);
      await control.says(tableOf(2));
      expect(await control.heard()).to.deep.equal(acknowledge(2));
      expect(taken).to.deep.equal([tableOf(2)]);
      expect(link.isLinked).to.equal(true);
      expect(events).to.deep.equal([
        { type: 'table-taken', edition: 2, versions: ['1.0 complete'] },
      ]);
    });

    it('a control that comes later', async () => {
      start();
      await (await SpokenControl.bind(stage, address)).links(tableOf(2));
    });

    it('anew when control does not know it any more, with what it knows by then', async () => {
      let known: Follow['progress'] = { version: versionId('v1'), share: share(0.1) };
      const { control, link } = await linked({ progress: () => known });
      known = { version: versionId('v1'), share: share(0.25) };
      await control.says({ kind: 'stranger' });
      expect(await control.heard()).to.deep.equal(follow(2, known));
      expect(link.isLinked).to.equal(false);
      await control.says(tableOf(2));
      expect(await control.heard()).to.deep.equal(acknowledge(2));
      expect(link.isLinked).to.equal(true);
      expect(editions()).to.deep.equal([2]);
    });

    it('as a frontend', async () => {
      const control = await SpokenControl.bind(stage, address);
      start({ role: 'frontend', name: 'frontend-1' });
      expect(await control.asks()).to.deep.include({ role: 'frontend', name: 'frontend-1' });
    });
  });

  describe('of the tables of control', () => {
    it('takes a newer one', async () => {
      const { control } = await linked();
      await control.says(tableOf(3));
      expect(await control.heard()).to.deep.equal(acknowledge(3));
      expect(editions()).to.deep.equal([2, 3]);
    });

    it('refuses an older one, and does not acknowledge it', async () => {
      const { control, link } = await linked();
      await control.says(tableOf(1, []), tableOf(2));
      expect(await control.heard()).to.deep.equal(acknowledge(2), 'of the second');
      expect(taken).to.deep.equal([tableOf(2)]);
      expect(refusals()).to.deep.equal([
        {
          type: 'announcement-refused',
          because: `routing table 1 of ${address} is older than ours, 2`,
        },
      ]);
      expect(link.isLinked).to.equal(true);
    });

    const keys: readonly (readonly [number, readonly string[], string])[] = [
      [1, KEYS, 'the same keys'],
      [2, ['b2xk', 'a2V5'], 'another key that signs'],
      [2, ['a2V5'], 'one key less'],
      [2, [...KEYS, 'bmV3'], 'one key more'],
      [2, [], 'no keys'],
    ];
    for (const [times, list, meaning] of keys) {
      const acts = times === 1 ? 'does not take' : 'takes';
      it(`${acts} the same one again, and acknowledges it: ${meaning}`, async () => {
        const { control } = await linked();
        await control.says(tableOf(2, list));
        expect(await control.heard()).to.deep.equal(acknowledge(2));
        expect(taken).to.have.length(times);
        expect(taken.at(-1)).to.deep.equal(tableOf(2, list));
        await control.says(tableOf(2, list));
        expect(await control.heard()).to.deep.equal(acknowledge(2));
        expect(taken).to.have.length(times, 'once');
      });
    }
  });

  describe('of the tables of others', () => {
    it('takes those that are newer than its own, and acknowledges none', async () => {
      const { control } = await linked();
      for (const edition of [1, 2, 4, 4, 3]) held.offer(tableOf(edition, []));
      expect(editions()).to.deep.equal([2, 4]);
      expect(refusals()).to.be.empty;
      await control.says(tableOf(3), tableOf(5));
      expect(await control.heard()).to.deep.equal(acknowledge(5), 'the first that it hears');
      expect(editions()).to.deep.equal([2, 4, 5]);
      expect(refusals()).to.have.length(1);
    });

    it('takes the first one without control, and says so once control comes', async () => {
      const link = start();
      held.offer(tableOf(4));
      expect(taken).to.deep.equal([tableOf(4)]);
      expect(link.isLinked).to.equal(false);
      const control = await SpokenControl.bind(stage, address);
      expect(await control.asks()).to.deep.equal(follow(4));
      await control.says(tableOf(4));
      expect(await control.heard()).to.deep.equal(acknowledge(4));
      expect(taken).to.have.length(1);
    });
  });

  describe('reports', () => {
    it('to who knows it, and keeps nothing back', async () => {
      const { control, link } = await linked();
      expect(link.report(report)).to.equal(true);
      expect(await control.heard()).to.deep.equal({ kind: 'report', report });
    });

    it('nothing before control has answered', async () => {
      const control = await SpokenControl.bind(stage, address);
      const link = start();
      expect(link.report(report)).to.equal(false);
      expect(await control.asks()).to.deep.equal(follow(0), 'nothing was said before');
      expect(link.report(report)).to.equal(false);
      await control.says(tableOf(2));
      expect(await control.heard()).to.deep.equal(acknowledge(2));
    });

    it('nothing to a control that began anew, until it has answered', async () => {
      const { control, link } = await linked();
      await control.says({ kind: 'stranger' });
      expect(await control.heard()).to.deep.equal(follow(2));
      expect(link.report(report)).to.equal(false);
      await control.says(tableOf(2));
      expect(await control.heard()).to.deep.equal(acknowledge(2));
      expect(link.report(report)).to.equal(true);
    });

    it('nothing to a control that is silent, until it is heard of', async () => {
      const { control, link } = await linked();
      clock.advance(5000);
      expect(link.isLinked).to.equal(true);
      clock.advance(1);
      expect([link.isLinked, link.report(report)]).to.deep.equal([false, false]);
      const heard = happens('progress');
      await control.says({ kind: 'beat' }, { kind: 'progress', progress });
      await heard;
      expect(link.report(report)).to.equal(true);
    });

    it('nothing once it is closed', async () => {
      const { link } = await linked();
      link.close();
      expect([link.isLinked, link.report(report)]).to.deep.equal([false, false]);
      link.sweep(clock.now() + 10_000);
      expect(events.map(({ type }) => type)).to.deep.equal(['table-taken']);
    });
  });

  it('knows how often control wants to hear what it has counted', async () => {
    const { control, link } = await linked();
    expect(link.every).to.equal(40);
    await control.says({ kind: 'beat', every: 125 }, tableOf(3));
    expect(await control.heard()).to.deep.equal(acknowledge(3));
    expect(link.every).to.equal(125);
    await control.says({ kind: 'beat' }, tableOf(4));
    expect(await control.heard()).to.deep.equal(acknowledge(4));
    expect(link.every, 'there are fewer again').to.equal(40);
  });

  it('hands over how far the upgrade is', async () => {
    const { control } = await linked();
    const heard = happens('progress');
    await control.says({ kind: 'progress', progress });
    expect(await heard).to.deep.equal([progress]);
  });

  it('heeds no progress where nobody asks for it', async () => {
    const { control } = await linked({ progressed: undefined });
    await control.says({ kind: 'progress', progress }, tableOf(3));
    expect(await control.heard()).to.deep.equal(acknowledge(3));
  });

  it('shows that it is alive, while control knows it', async () => {
    const control = await SpokenControl.bind(stage, address);
    const link = start();
    link.sweep(clock.now());
    await control.links(tableOf(2)); // heard no beat before
    link.sweep(clock.now());
    expect(await control.heard()).to.deep.equal({ kind: 'beat' });
    clock.advance(999);
    link.sweep(clock.now());
    clock.advance(1);
    link.sweep(clock.now());
    link.report(report);
    expect(await control.heard()).to.deep.equal({ kind: 'beat' });
    expect(await control.heard()).to.have.property('kind', 'report', 'one beat, not two');
  });

  it('gives up a control that is silent, and connects anew', async () => {
    const { control, link } = await linked();
    clock.advance(5000);
    link.sweep(clock.now());
    expect(await control.heard()).to.deep.equal({ kind: 'beat' });
    clock.advance(1);
    link.sweep(clock.now());
    expect(link.isLinked).to.equal(false);
    expect(await control.asks()).to.deep.equal(follow(2));
    await control.says(tableOf(3));
    expect(await control.heard()).to.deep.equal(acknowledge(3));
    expect(link.isLinked).to.equal(true);
    expect(editions()).to.deep.equal([2, 3]);
  });

  it('delivers what it was told last when it is closed', async () => {
    const { control, link } = await linked();
    for (let n = 0; n < 100; n++) link.report({ ...report, sequence: n + 1 });
    link.close();
    for (let n = 0; n < 100; n++) {
      expect(await control.heard()).to.deep.equal({
        kind: 'report',
        report: { ...report, sequence: n + 1 },
      });
    }
  });

  it('refuses what is no message, reports it, and goes on', async () => {
    const { control } = await linked();
    await control.sends(Buffer.from('nonsense'));
    await control.says(tableOf(3));
    expect(await control.heard()).to.deep.equal(acknowledge(3));
    expect(refusals()).to.have.length(1);
  });

  it('tells where we stand once, and again to who has asked anew; and hears what is shared', async () => {
    const control = await SpokenControl.bind(stage, address);
    const shared = { part: share(0.5), servers: [] };
    const link = start({ shared: each => happenings.emit('shared', each) });
    const standing = { part: share(1), used: share(0), wants: false, out: [], uses: [] };
    link.stand(standing); // nobody knows us yet
    await control.links(tableOf(1));
    link.stand(standing);
    link.stand(standing);
    link.stand({ ...standing, wants: true });
    expect(await control.heard()).to.deep.equal({ kind: 'standing', standing });
    expect(await control.heard()).to.have.nested.property('standing.wants', true);
    await control.says({ kind: 'stranger' });
    expect(await control.heard()).to.have.property('kind', 'follow');
    const told = once(happenings, 'shared');
    await control.says(tableOf(1), { kind: 'shared', shared });
    expect(await within(5000, 'it hears', told)).to.deep.equal([shared]);
    expect(await control.heard()).to.have.property('kind', 'acknowledge');
    link.stand(standing);
    expect(await control.heard()).to.deep.equal({ kind: 'standing', standing });
  });
});
