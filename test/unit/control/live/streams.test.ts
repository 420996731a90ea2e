import { expect } from 'chai';
import {
  HEARTBEAT,
  LiveStreams,
  MOST_STREAMS,
  SLOWEST,
  type Sink,
} from '../../../../src/control/live/streams.js';
import type { Live } from '../../../../src/control/live.js';
import { FakeClock } from '../../support-clock.js';

/** A reader, as the response that it is sent shows it. */
class Reader implements Sink {
  readonly #listeners: Record<string, () => void> = {};
  fields: Readonly<Record<string, string>> = {};
  text = '';
  /** Takes nothing: what is written stays. */
  isStuck = false;
  writableLength = 0;
  ended: 'ended' | 'destroyed' | undefined;

  writeHead(_: number, fields: Readonly<Record<string, string>>): void {
    this.fields = fields;
  }

  write(text: string): void {
    this.text += text;
    if (this.isStuck) this.writableLength += text.length;
  }

  end(): void {
    this.ended = 'ended';
    this.leave();
  }

  destroy(): void {
    this.ended = 'destroyed';
    this.leave();
  }

  on(event: string, listener: () => void): void {
    this.#listeners[event] = listener;
  }

  leave(): void {
    this.#listeners['close']?.();
  }

  get events(): readonly Live[] {
    return [...this.text.matchAll(/^event: live\ndata: (.*)\n\n/gm)].map(
      ([, data]) => JSON.parse(data ?? '') as Live,
    );
  }

  get comments(): number {
    return [...this.text.matchAll(/^:\n\n/gm)].length;
  }
}

describe('streams of what the dashboard shows', () => {
  let clock: FakeClock;
  let edition: number;
  let asked: number;
  let streams: LiveStreams;

  beforeEach(() => {
    clock = new FakeClock();
    edition = 1;
    asked = 0;
    streams = new LiveStreams({
      clock,
      live() {
        asked += 1;
        return {
          at: new Date(clock.wall()).toISOString(),
          release: '1.2.3',
          policy: 'rollback',
          spread: { edition, followers: 0, acknowledged: 0, workers: 0 },
          versions: [],
          processes: [],
          events: [],
        };
      },
    });
  });

  function looking(): Reader {
    const reader = new Reader();
    expect(streams.open(reader)).to.equal(true);
    return reader;
  }

  const editions = (reader: Reader) => reader.events.map(({ spread }) => spread.edition);

  it('begin with the state of that moment, and say when to come again', () => {
    const reader = looking();
    expect(reader.fields).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect(reader.text).to.match(/^retry: \d+\n\n/);
    expect(reader.events).to.have.length(1);
    expect(reader.events[0]).to.deep.include({
      at: '2023-11-14T22:13:20.000Z',
      policy: 'rollback',
    });
  });

  it('say it again when it has changed, once a second at most, and not else', () => {
    const reader = looking();
    for (let ms = 0; ms < 5000; ms += 50) {
      clock.advance(50);
      edition += 1;
    }
    expect(reader.events.length).to.be.within(5, 6);
    const { length } = reader.events;
    clock.advance(1000);
    clock.advance(5000); // that it is later is no change
    expect(reader.events.length).to.be.at.most(length + 1);
    expect(editions(reader).at(-1)).to.equal(edition);
  });

  it('are told of a change within a second', () => {
    const reader = looking();
    clock.advance(700);
    edition = 2;
    clock.advance(1000);
    expect(editions(reader)).to.deep.equal([1, 2]);
  });

  it('ask once for all of them, and not at all while nobody looks', () => {
    clock.advance(10_000);
    expect([asked, clock.waiting]).to.deep.equal([0, 0]);
    const readers = Array.from({ length: 10 }, looking);
    expect(asked).to.equal(1);
    clock.advance(1000);
    expect(asked).to.equal(2);
    readers.forEach(reader => reader.leave());
    clock.advance(10_000);
    expect([asked, clock.waiting, streams.size]).to.deep.equal([2, 0, 0]);
    looking(); // whoever comes later sees what is, not what was
    expect(asked).to.equal(3);
  });

  it('show life by a comment while nothing changes', () => {
    const reader = looking();
    clock.advance(HEARTBEAT * 3);
    expect([reader.comments, reader.events.length]).to.deep.equal([3, 1]);
  });

  it('are bounded in number, and there is room again when somebody has left', () => {
    const readers = Array.from({ length: MOST_STREAMS }, looking);
    expect(streams.open(new Reader())).to.equal(false);
    readers[5]?.leave();
    looking();
    expect(streams.open(new Reader())).to.equal(false);
  });

  it('keep at most one event for a reader that takes nothing, and cut it off', () => {
    const [slow, other] = [looking(), looking()];
    slow.isStuck = true;
    const change = () => {
      edition += 1;
      clock.advance(1000);
    };
    change();
    const { text } = slow;
    for (let ms = 0; ms < SLOWEST; ms += 1000) change();
    expect([slow.text, slow.ended]).to.deep.equal([text, undefined]);
    change();
    expect([slow.text, slow.ended, streams.size]).to.deep.equal([text, 'destroyed', 1]);
    expect(editions(other).at(-1)).to.equal(edition);
  });

  it('tell a reader that was slow, and is no more, what is now', () => {
    const reader = looking();
    reader.isStuck = true;
    for (let n = 0; n < 5; n++) {
      edition += 1;
      clock.advance(1000);
    }
    reader.isStuck = false;
    reader.writableLength = 0;
    clock.advance(1000);
    expect(editions(reader)).to.deep.equal([1, 2, 6]);
    clock.advance(SLOWEST);
    expect(reader.ended).to.equal(undefined);
  });

  it('end when control ends; who has not read is cut off, and nobody new may look', () => {
    const [reader, slow] = [looking(), looking()];
    slow.isStuck = true;
    edition += 1;
    clock.advance(1000);
    streams.close();
    expect([reader.ended, slow.ended]).to.deep.equal(['ended', 'destroyed']);
    expect(clock.waiting).to.equal(0);
    expect(streams.open(new Reader())).to.equal(false);
  });
});
