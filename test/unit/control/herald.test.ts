import { expect } from 'chai';
import { Herald } from '../../../src/control/herald.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { versionId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import {
  decodeFromControl,
  encodeMessage,
  type FromControl,
  type FromFollower,
} from '../../../src/wire/table-message.js';

const table = firstTable({
  id: versionId('v1'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
});
const newer = { ...table, edition: 2 };
const none = Buffer.alloc(0);
const id = (n: number) => Buffer.from([0, n]);

function stand() {
  const sent: (readonly [follower: number, message: FromControl])[] = [];
  const events: CutoverEvent[] = [];
  const time = { now: 0, refusal: undefined as Error | undefined };
  const herald = new Herald(table, {
    send(routingId, packed) {
      if (time.refusal !== undefined) return Promise.reject(time.refusal);
      sent.push([routingId[1] ?? 0, decodeFromControl(packed)]);
      return Promise.resolve();
    },
    now: () => time.now,
    silence: 5000,
    heartbeat: 1000,
    report: event => events.push(event),
  });
  const says = (n: number, message: FromFollower) =>
    herald.received([id(n), encodeMessage(message)]);
  const comes = (n: number) => {
    herald.received([id(n), none]);
    says(n, { kind: 'follow', name: `worker-${n}`, edition: 0 });
  };
  return { herald, sent, events, time, says, comes };
}

describe('Herald', () => {
  it('asks who comes, and gives the table to who says so', () => {
    const { sent, comes, herald } = stand();
    comes(1);
    expect(sent).to.deep.equal([
      [1, { kind: 'stranger' }],
      [1, { kind: 'table', table }],
    ]);
    expect(herald.spread).to.deep.equal({ edition: 1, followers: 1, acknowledged: 0 });
  });

  it('tells every follower of a change, and nobody who has not said who it is', () => {
    const { sent, comes, herald } = stand();
    comes(1);
    comes(2);
    herald.received([id(3), none]);
    sent.length = 0;
    herald.announce(newer);
    expect(sent).to.deep.equal([
      [1, { kind: 'table', table: newer }],
      [2, { kind: 'table', table: newer }],
    ]);
  });

  it('knows how far the newest table has spread', () => {
    const { comes, says, herald } = stand();
    comes(1);
    comes(2);
    says(1, { kind: 'acknowledge', edition: 1 });
    says(2, { kind: 'acknowledge', edition: 1 });
    expect(herald.spread.acknowledged).to.equal(2);
    herald.announce(newer);
    expect(herald.spread).to.deep.equal({ edition: 2, followers: 2, acknowledged: 0 });
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

  it('asks again who beats without having said who it is: it knew our predecessor', () => {
    const { says, sent } = stand();
    says(1, { kind: 'beat' });
    expect(sent.at(-1)).to.deep.equal([1, { kind: 'stranger' }]);
  });

  it('refuses nonsense, and reports it', () => {
    const { herald, comes, events } = stand();
    comes(1);
    herald.received([id(1), Buffer.from('nonsense')]);
    expect(events.map(({ type }) => type)).to.include('peer-refused');
    expect(herald.spread.followers).to.equal(0);
  });

  it('reports what could not be sent, unless the follower has gone', async () => {
    const { comes, events, time } = stand();
    time.refusal = Object.assign(new Error('gone'), { code: 'EHOSTUNREACH' });
    comes(1);
    await Promise.resolve();
    expect(events.map(({ type }) => type)).to.deep.equal(['follower-joined']);
    time.refusal = new Error('odd');
    comes(2);
    await new Promise(setImmediate);
    expect(events.map(({ type }) => type)).to.include('fault');
  });

  it('listens to no more than 4,096', () => {
    const { herald, sent } = stand();
    for (let n = 0; n < 5000; n++) herald.received([Buffer.from([n >> 8, n & 255, 1]), none]);
    expect(sent).to.have.length(4096);
  });
});
