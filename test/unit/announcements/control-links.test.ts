import { expect } from 'chai';
import { EventEmitter, once } from 'node:events';
import { ControlLinks } from '../../../src/announcements/control-links.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { Progress } from '../../../src/wire/report.js';
import { stageForEach } from '../../support/stage.js';
import { within } from '../../support/within.js';
import { frontendMeasures, measures, workerMeasures } from '../control/measured.js';
import { FakeClock } from '../support-clock.js';
import { acknowledge, SpokenControl, tableOf } from './spoken-control.js';

const report = (sequence: number) => ({ sequence, versions: [] });
const progress = (taken: number): Progress => ({
  version: versionId('v1'),
  share: share(0.5),
  isHeld: false,
  taken,
});

describe('ControlLinks', () => {
  const stage = stageForEach();
  let clock: FakeClock;
  let events: CutoverEvent[];
  let happenings: EventEmitter;
  let editions: number[];
  let addresses: readonly [string, string];
  let links: ControlLinks;
  let a: SpokenControl;
  let b: SpokenControl;

  beforeEach(async () => {
    const folder = await stage.folder();
    clock = new FakeClock();
    events = [];
    happenings = new EventEmitter();
    editions = [];
    addresses = [`ipc://${folder}/a`, `ipc://${folder}/b`];
    links = new ControlLinks({
      role: 'worker',
      name: 'worker-1',
      heartbeat: 1000,
      silence: 5000,
      clock,
      report: event => events.push(event),
      take: ({ table }) => editions.push(table.edition),
      progressed: each => happenings.emit('progress', each),
      progress: () => undefined,
    });
    const running = links.run();
    stage.atEnd(async () => {
      links.close();
      await within(5000, 'the links have ended', running);
    });
    a = await SpokenControl.bind(stage, addresses[0]);
    b = await SpokenControl.bind(stage, addresses[1]);
  });

  async function linked(edition = 2): Promise<void> {
    links.want(addresses);
    await a.links(tableOf(edition));
    await b.links(tableOf(edition));
  }

  const refusals = () => events.filter(({ type }) => type === 'announcement-refused');

  it('follow every control, and acknowledge to each', async () => {
    await linked();
    expect(editions).to.deep.equal([2], 'taken once');
    await a.says(tableOf(3));
    expect(await a.heard()).to.deep.equal(acknowledge(3));
    await b.says(tableOf(3));
    expect(await b.heard()).to.deep.equal(acknowledge(3));
    expect(editions).to.deep.equal([2, 3]);
  });

  it('take the newest table from whichever control tells it, and never go back', async () => {
    await linked();
    await b.says(tableOf(4));
    expect(await b.heard()).to.deep.equal(acknowledge(4));
    await a.says(tableOf(3), tableOf(4));
    expect(await a.heard()).to.deep.equal(acknowledge(4), 'of the second');
    expect(editions).to.deep.equal([2, 4]);
    expect(refusals()).to.deep.equal([], 'a control may be behind the others for a moment');
  });

  it('say of a control that stays behind that it does', async () => {
    await linked();
    await b.says(tableOf(4));
    expect(await b.heard()).to.deep.equal(acknowledge(4));
    const heard = once(happenings, 'progress');
    await a.says(tableOf(3), { kind: 'progress', progress: progress(0) });
    await within(5000, 'it has heard all', heard);
    clock.advance(5000);
    links.sweep(clock.now());
    expect(refusals()).to.deep.equal([]);
    clock.advance(1);
    links.sweep(clock.now());
    links.sweep(clock.now());
    const because = `routing table 3 of ${addresses[0]} is older than ours, 4`;
    expect(refusals()).to.deep.equal([{ type: 'announcement-refused', because }]);
  });

  it('take keys that changed under one edition from who told it, not from who is behind', async () => {
    await linked();
    await b.says(tableOf(2, ['bmV3'])); // the table came from the other one
    expect(await b.heard()).to.deep.equal(acknowledge(2));
    expect(editions).to.deep.equal([2]);
    await a.says(tableOf(2, ['bmV3']));
    expect(await a.heard()).to.deep.equal(acknowledge(2));
    expect(editions).to.deep.equal([2, 2]);
  });

  it('tell the same to all: reports with the same sequence, and measures', async () => {
    await linked();
    expect(links.report(report(1))).to.equal(true);
    const told = measures(workerMeasures({}));
    expect(links.measured(told)).to.equal(true);
    for (const control of [a, b]) {
      expect(await control.heard()).to.deep.equal({ kind: 'report', report: report(1) });
      expect(await control.heard()).to.deep.equal({ kind: 'measures', measures: told });
    }
  });

  it('keep for a control that is away what the others are told, and tell it once it is back', async () => {
    const told = (accepted: number) => measures(frontendMeasures({ accepted }));
    links.want(addresses);
    await a.links(tableOf(2));
    for (const accepted of [1, 2]) {
      expect(links.measured(told(accepted))).to.equal(true);
      expect(await a.heard()).to.deep.equal({ kind: 'measures', measures: told(accepted) });
    }
    await b.links(tableOf(2));
    links.measured(told(4));
    links.measured(told(8));
    expect(await a.heard()).to.deep.equal({ kind: 'measures', measures: told(4) });
    const all = measures(frontendMeasures({ accepted: 7 }), { period: 3000 });
    expect(await b.heard()).to.deep.equal({ kind: 'measures', measures: all });
    for (const control of [a, b]) {
      expect(await control.heard()).to.deep.equal({ kind: 'measures', measures: told(8) });
    }
  });

  it('are linked while one of them is', async () => {
    links.want(addresses);
    expect([links.isLinked, links.report(report(1))]).to.deep.equal([false, false]);
    await a.links(tableOf(2));
    expect([links.isLinked, links.report(report(1))]).to.deep.equal([true, true]);
    expect(await a.heard()).to.have.property('kind', 'report');
    await b.links(tableOf(2));
    await a.says({ kind: 'stranger' });
    expect(await a.heard()).to.have.property('kind', 'follow');
    expect([links.isLinked, links.report(report(2))]).to.deep.equal([true, true]);
    expect(await b.heard()).to.deep.equal({ kind: 'report', report: report(2) });
  });

  it('take what was reported before a control was followed as known to it', async () => {
    links.want(addresses);
    await a.links(tableOf(2));
    for (const sequence of [1, 2, 3]) links.report(report(sequence));
    await b.links(tableOf(2));
    const takens: number[] = [];
    happenings.on('progress', ({ taken }: Progress) => takens.push(taken));
    const says = async (control: SpokenControl, taken: number) => {
      const heard = once(happenings, 'progress');
      await control.says({ kind: 'progress', progress: progress(taken) });
      await within(5000, 'progress', heard);
    };
    await says(b, 0);
    await says(a, 1);
    await says(b, 4);
    expect(takens).to.deep.equal([3, 1, 4]);
  });

  it('come while others work', async () => {
    links.want([addresses[0]]);
    await a.links(tableOf(2));
    links.want(addresses);
    await b.links(tableOf(2));
    links.report(report(1));
    for (const control of [a, b]) expect(await control.heard()).to.have.property('kind', 'report');
  });

  it('stay where nobody names their address any more, until they are silent', async () => {
    await linked();
    links.want([addresses[1]]);
    clock.advance(4000);
    await b.says({ kind: 'progress', progress: progress(0) });
    await within(5000, 'progress', once(happenings, 'progress'));
    links.sweep(clock.now());
    links.report(report(1));
    for (const control of [a, b]) {
      expect(await control.heard()).to.have.property('kind', 'beat');
      expect(await control.heard()).to.have.property('kind', 'report');
    }
    clock.advance(1001);
    links.sweep(clock.now());
    expect(await a.heard()).to.equal('goes');
    links.report(report(2));
    expect(await b.heard()).to.have.property('kind', 'beat');
    expect(await b.heard()).to.deep.equal({ kind: 'report', report: report(2) });
  });

  it('serve on with one of them when the other one is gone', async () => {
    await linked();
    a.device.close();
    clock.advance(5000);
    await b.says(tableOf(5));
    expect(await b.heard()).to.deep.equal(acknowledge(5));
    clock.advance(1);
    links.sweep(clock.now());
    expect(links.isLinked).to.equal(true);
    expect(editions).to.deep.equal([2, 5]);
  });
});
