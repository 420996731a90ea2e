import { expect } from 'chai';
import { Herald } from '../../../src/control/herald.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { share, versionId, workerId, type WorkerId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import {
  decodeFromControl,
  encodeMessage,
  type Follow,
  type FollowerRole,
  type FromControl,
  type FromFollower,
} from '../../../src/wire/control-message.js';
import type { Measures } from '../../../src/wire/measures.js';
import { MOST_REPORTS, REPORT, type WorkerReport } from '../../../src/wire/report.js';
import type { Standing } from '../../../src/wire/shared.js';
import { frontendMeasures, measures, workerMeasures } from './measured.js';

const table = firstTable({
  id: versionId('v1'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
});
const newer = { ...table, edition: 2 };
const keys = ['a2V5'];
const told = { kind: 'table', table, keys } as const;
const none = Buffer.alloc(0);
/** Workers that may all report as often as usual. */
const MOST_FEW = (MOST_REPORTS * REPORT) / 1000;
const id = (n: number) => Buffer.from([0, n]);
const follow = (n: number, role: FollowerRole = 'worker'): Follow => ({
  kind: 'follow',
  role,
  name: `${role}-${n}`,
  edition: 0,
  progress: undefined,
});
const report = (sequence: number) =>
  ({ kind: 'report', report: { sequence, versions: [] } }) as const;

function stand() {
  const sent: (readonly [follower: number, message: FromControl])[] = [];
  const buffers = new Set<Buffer>();
  const events: CutoverEvent[] = [];
  const followed: Follow[] = [];
  const reported: (readonly [name: string, report: WorkerReport])[] = [];
  const measured: (readonly [follower: WorkerId, measures: Measures])[] = [];
  const stands: (readonly [worker: WorkerId, standing: Standing])[] = [];
  const left: WorkerId[] = [];
  const time = { now: 0, busy: 0, missed: 0, refusal: undefined as Error | undefined };
  const host = { followed: (each: Follow): unknown => followed.push(each) };
  const herald = new Herald(
    { table, keys },
    {
      send(routingId, packed) {
        if (time.refusal !== undefined) return Promise.reject(time.refusal);
        buffers.add(packed);
        sent.push([routingId[1] ?? 0, decodeFromControl(packed)]);
        return Promise.resolve();
      },
      now: () => time.now,
      followed: each => void host.followed(each),
      reported: (...each) => reported.push(each),
      missed: () => void (time.missed += 1),
      measured: (...each) => measured.push(each),
      stands: (...each) => stands.push(each),
      left: each => left.push(each),
      silence: 5000,
      heartbeat: 1000,
      report: event => events.push(event),
      busy: () => time.busy,
    },
  );
  const says = (n: number, message: FromFollower) =>
    herald.received([id(n), encodeMessage(message)]);
  const comes = (n: number, role?: FollowerRole) => {
    herald.received([id(n), none]);
    says(n, follow(n, role));
  };
  const types = () => events.map(({ type }) => type);
  const seen = { events, types, followed, reported, measured, stands, left };
  return { herald, host, sent, buffers, time, says, comes, ...seen };
}

describe('Herald', () => {
  it('asks who comes, and gives the table to who says so', () => {
    const { sent, comes, herald } = stand();
    comes(1);
    expect(sent).to.deep.equal([
      [1, { kind: 'stranger' }],
      [1, told],
    ]);
    expect(herald.spread).to.deep.equal({ edition: 1, followers: 1, acknowledged: 0, workers: 1 });
  });

  it('says who begins to follow before it gives the table: what it knows may change that', () => {
    const { sent, says, herald, host, followed } = stand();
    const knows = { ...follow(1), progress: { version: versionId('v1'), share: share(0.5) } };
    says(1, knows);
    expect(followed).to.deep.equal([knows]);
    host.followed = () => herald.announce(newer, keys);
    says(2, knows);
    const newest = { ...told, table: newer };
    expect(sent.filter(([, { kind }]) => kind === 'table')).to.deep.equal([
      [1, told],
      [1, newest],
      [2, newest],
    ]);
  });

  it('tells every follower of a change, and nobody who has not said who it is', () => {
    const { sent, comes, herald } = stand();
    comes(1);
    comes(2, 'frontend');
    herald.received([id(3), none]);
    sent.length = 0;
    herald.announce(newer, ['bmV3', 'a2V5']);
    const change = { kind: 'table', table: newer, keys: ['bmV3', 'a2V5'] };
    expect(sent).to.deep.equal([
      [1, change],
      [2, change],
    ]);
    sent.length = 0;
    comes(4);
    expect(sent.at(-1)).to.deep.equal([4, change], 'who comes later too');
  });

  const standing: Standing = {
    part: share(0.5),
    used: share(0),
    wants: false,
    out: [],
    uses: [],
  };

  it('hears where workers stand, and that they have left', () => {
    const { says, comes, stands, left, herald } = stand();
    comes(1);
    says(1, { kind: 'standing', standing });
    expect(stands).to.deep.equal([[workerId(id(1)), standing]]);
    comes(2);
    herald.received([id(2), none]);
    expect(left).to.deep.equal([workerId(id(2))]);
    herald.received([id(3), none]);
    herald.received([id(3), none]);
    expect(left, 'who never said who it is').to.have.length(1);
  });

  it('refuses a frontend that says where it stands', () => {
    const { says, comes, stands, types } = stand();
    comes(1, 'frontend');
    says(1, { kind: 'standing', standing });
    expect(stands).to.deep.equal([]);
    expect(types()).to.include('peer-refused');
  });

  it('tells one worker what it shares, and nobody that has gone', () => {
    const { herald, sent, comes } = stand();
    comes(1);
    comes(2);
    sent.length = 0;
    const shared = { part: share(0.5), servers: [] };
    herald.share(workerId(id(2)), shared);
    herald.share(workerId(id(3)), shared);
    herald.received([id(2), none]);
    herald.share(workerId(id(2)), shared);
    expect(sent).to.deep.equal([[2, { kind: 'shared', shared }]]);
  });

  it('tells every worker of progress, and each what was counted in of its reports', () => {
    const { sent, comes, says, herald } = stand();
    comes(1);
    comes(2);
    comes(3, 'frontend');
    herald.received([id(4), none]);
    says(2, report(7));
    sent.length = 0;
    const progress = { version: versionId('v1'), share: share(0.25), isHeld: true };
    herald.progress(progress);
    expect(sent).to.deep.equal([
      [1, { kind: 'progress', progress: { ...progress, taken: 0 } }],
      [2, { kind: 'progress', progress: { ...progress, taken: 7 } }],
    ]);
  });

  it('hands over each report once, in order', () => {
    const { comes, says, reported } = stand();
    comes(1);
    comes(2);
    for (const sequence of [3, 3, 2, 5]) says(1, report(sequence));
    says(2, report(1));
    expect(reported.map(([name, { sequence }]) => [name, sequence])).to.deep.equal([
      ['worker-1', 3],
      ['worker-1', 5],
      ['worker-2', 1],
    ]);
  });

  it('says when it was not told what others were', () => {
    const { comes, says, herald, time } = stand();
    const after = (sequence: number) => {
      says(1, report(sequence));
      return time.missed;
    };
    comes(1);
    expect([1, 2, 2, 3, 5, 6].map(after)).to.deep.equal([0, 0, 0, 0, 1, 1]);
    herald.received([id(1), none]);
    comes(1);
    expect([8, 9].map(after)).to.deep.equal([2, 2]);
  });

  it('begins anew with the reports of who comes again', () => {
    const { comes, says, herald, reported } = stand();
    comes(1);
    says(1, report(9));
    herald.received([id(1), none]);
    comes(1);
    says(1, report(1));
    expect(reported.map(([, { sequence }]) => sequence)).to.deep.equal([9, 1]);
  });

  it('takes no report from who has not said who it is, and asks once', () => {
    const { says, reported, sent, herald } = stand();
    for (const sequence of [1, 2, 3]) says(1, report(sequence));
    says(1, { kind: 'acknowledge', edition: 1 });
    expect(reported).to.be.empty;
    expect(sent).to.deep.equal([[1, { kind: 'stranger' }]]);
    says(1, follow(1));
    expect(herald.spread).to.include({ followers: 1, acknowledged: 0 });
  });

  it('refuses a report of a frontend', () => {
    const { comes, says, reported, events, herald } = stand();
    comes(1, 'frontend');
    says(1, report(1));
    expect(reported).to.be.empty;
    expect(events.find(({ type }) => type === 'peer-refused'))
      .to.have.property('because')
      .that.includes('frontend-1 is no worker');
    expect(herald.spread.followers).to.equal(0);
  });

  it('knows how far the newest table has spread', () => {
    const { comes, says, herald } = stand();
    comes(1);
    comes(2, 'frontend');
    says(1, { kind: 'acknowledge', edition: 1 });
    says(2, { kind: 'acknowledge', edition: 1 });
    expect(herald.spread.acknowledged).to.equal(2);
    herald.announce(newer, keys);
    expect(herald.spread).to.deep.equal({ edition: 2, followers: 2, acknowledged: 0, workers: 1 });
    says(2, { kind: 'acknowledge', edition: 2 });
    expect(herald.spread.acknowledged).to.equal(1);
  });

  it('forgets who leaves, and who was silent for too long', () => {
    const { comes, herald, time, says, events } = stand();
    for (const n of [1, 2, 3]) comes(n);
    herald.received([id(1), none]);
    time.now = 4000;
    says(2, { kind: 'beat' });
    herald.sweep((time.now = 6000));
    expect(herald.spread.followers).to.equal(1);
    const left = events.flatMap(each => (each.type === 'follower-left' ? [each.name] : []));
    expect(left).to.deep.equal(['worker-1', 'worker-3']);
  });

  it('shows every heartbeat that it is alive', () => {
    const { comes, herald, sent } = stand();
    comes(1);
    sent.length = 0;
    herald.sweep(999);
    herald.sweep(1000);
    herald.sweep(1001);
    expect(sent).to.deep.equal([[1, { kind: 'beat' }]]);
  });

  describe('with very many workers', () => {
    const MANY = 2 * MOST_FEW;

    function crowd(count: number) {
      const stood = stand();
      for (let n = 0; n < count; n += 1) {
        const routingId = Buffer.from([1, n >> 8, n & 255]);
        stood.herald.received([routingId, none]);
        stood.herald.received([routingId, encodeMessage(follow(n))]);
      }
      stood.sent.length = 0;
      return stood;
    }

    it('has them report less often, so that all together say no more than it can add up', () => {
      const { herald, sent } = crowd(MANY);
      herald.sweep(1000);
      expect(sent).to.have.length(MANY);
      expect(sent[0]?.[1]).to.deep.equal({ kind: 'beat', every: 2 * REPORT });
      const few = crowd(MOST_FEW);
      few.herald.sweep(1000);
      expect(few.sent[0]?.[1]).to.deep.equal({ kind: 'beat' });
    });

    it('has them report still less often while it cannot keep up', () => {
      const { herald, sent, time } = crowd(MANY);
      const told = () => (sent.at(-1)?.[1] as { every?: number }).every;
      const every = [1, 1, 0.6, 0.2, 0.2, 0.2].map((busy, second) => {
        time.busy = busy;
        herald.sweep(1000 * (second + 1));
        return told();
      });
      expect(every).to.deep.equal([160, 320, 320, 160, 80, 80]);
      const few = crowd(10);
      few.time.busy = 1;
      few.herald.sweep(1000);
      expect(few.sent[0]?.[1], 'they are not what keeps it busy').to.deep.equal({ kind: 'beat' });
    });

    it('tells them of progress as often, of the newest at last, and at once whether requests count', () => {
      const { herald, sent, time } = crowd(MANY);
      const at = (part: number, isHeld = false) => ({
        version: versionId('v1'),
        share: share(part),
        isHeld,
      });
      const told = () => {
        const shares = sent.map(([, message]) => (message as { progress: object }).progress);
        sent.length = 0;
        return shares.length === 0 ? undefined : [shares.length, shares[0]];
      };
      herald.progress(at(0.1));
      expect(told()).to.deep.equal([MANY, { ...at(0.1), taken: 0 }]);
      herald.progress(at(0.2));
      herald.progress(at(0.3));
      expect(told()).to.equal(undefined);
      time.now = 2 * REPORT;
      herald.look();
      expect(told()).to.deep.equal([MANY, { ...at(0.3), taken: 0 }]);
      herald.look();
      herald.progress(at(0.3, true));
      expect(told()).to.deep.equal([MANY, { ...at(0.3, true), taken: 0 }]);
    });

    it('packs what is the same for all of them once', () => {
      const { herald, buffers } = crowd(3);
      buffers.clear();
      herald.announce(newer, keys);
      herald.sweep(1000);
      expect(buffers.size, 'a table and a beat').to.equal(2);
    });
  });

  it('asks who beats without having said who it is: it knew our predecessor', () => {
    const { says, sent } = stand();
    says(1, { kind: 'beat' });
    says(1, { kind: 'beat' });
    expect(sent).to.deep.equal([[1, { kind: 'stranger' }]]);
  });

  it('refuses nonsense, and reports it', () => {
    const { herald, comes, types } = stand();
    comes(1);
    herald.received([id(1), Buffer.from('nonsense')]);
    expect(types()).to.deep.equal(['follower-joined', 'peer-refused', 'follower-left']);
    expect(herald.spread.followers).to.equal(0);
  });

  it('refuses a flood of nonsense once, asks nothing meanwhile, and hears who comes anew', () => {
    const { herald, comes, sent, types, time } = stand();
    comes(1);
    sent.length = 0;
    for (let n = 0; n < 1000; n++) herald.received([id(1), Buffer.from('nonsense')]);
    time.now = 1000;
    herald.sweep(time.now);
    expect(types()).to.deep.equal(['follower-joined', 'peer-refused', 'follower-left']);
    expect(sent, 'neither questions nor beats').to.deep.equal([]);
    herald.received([id(1), none]); // goes
    comes(1);
    expect(sent).to.deep.equal([
      [1, { kind: 'stranger' }],
      [1, told],
    ]);
    expect(herald.spread.followers).to.equal(1);
  });

  it('hears whom it refused again once he was silent for long enough', () => {
    const { herald, says, comes, time } = stand();
    comes(1);
    herald.received([id(1), Buffer.from('nonsense')]);
    time.now = 5001;
    herald.sweep(time.now);
    says(1, { kind: 'beat' });
    says(1, follow(1));
    expect(herald.spread.followers).to.equal(1);
  });

  it('gives the table once to who says again and again that it follows', () => {
    const { comes, says, sent, types } = stand();
    comes(1);
    for (let n = 0; n < 1000; n++) says(1, follow(1));
    expect(sent).to.deep.equal([
      [1, { kind: 'stranger' }],
      [1, told],
    ]);
    expect(types()).to.deep.equal(['follower-joined']);
  });

  it('hands on what followers measure, and knows who they are, as long as they are there', () => {
    const { herald, comes, says, measured } = stand();
    comes(1);
    comes(2, 'frontend');
    says(2, { kind: 'measures', measures: measures(frontendMeasures({ queued: 3 })) });
    says(1, { kind: 'measures', measures: measures(workerMeasures({ ejected: 2 })) });
    expect(measured).to.deep.equal([
      [workerId(id(2)), measures(frontendMeasures({ queued: 3 }))],
      [workerId(id(1)), measures(workerMeasures({ ejected: 2 }))],
    ]);
    says(2, { kind: 'acknowledge', edition: 1 });
    herald.received([id(3), none]); // it has not said who it is
    expect(herald.followers).to.deep.equal([
      { id: workerId(id(1)), name: 'worker-1', role: 'worker', edition: 0 },
      { id: workerId(id(2)), name: 'frontend-2', role: 'frontend', edition: 1 },
    ]);
    herald.received([id(1), none]);
    expect(herald.followers.map(({ name }) => name)).to.deep.equal(['frontend-2']);
  });

  it('hears no measures of who has not said who it is, nor those of another role', () => {
    const { herald, comes, says, measured, types } = stand();
    says(1, { kind: 'measures', measures: measures(workerMeasures()) });
    comes(2, 'frontend');
    says(2, { kind: 'measures', measures: measures(workerMeasures()) });
    expect(measured).to.deep.equal([]);
    expect(types()).to.deep.equal(['follower-joined', 'peer-refused', 'follower-left']);
    expect(herald.followers).to.deep.equal([]);
  });

  it('reports what could not be sent, unless the follower has gone', async () => {
    const { comes, types, time } = stand();
    time.refusal = Object.assign(new Error('gone'), { code: 'EHOSTUNREACH' });
    comes(1);
    await Promise.resolve();
    expect(types()).to.deep.equal(['follower-joined']);
    time.refusal = new Error('odd');
    comes(2);
    await new Promise(setImmediate);
    expect(types()).to.include('fault');
  });

  it('listens to no more than 4,096', () => {
    const { herald, sent } = stand();
    for (let n = 0; n < 5000; n++) herald.received([Buffer.from([n >> 8, n & 255, 1]), none]);
    expect(sent).to.have.length(4096);
  });
});
