import { expect } from 'chai';
import fc from 'fast-check';
import { ClientWriter } from '../../../src/frontend/client-writer.js';
import { FakeClock } from '../support-clock.js';
import { refusal, settled } from './stand.js';

describe('ClientWriter', () => {
  let clock: FakeClock;
  let taken: string[];
  let heard: string[];
  let attempts: number;
  /** What libzmq says, while it does not take anything. */
  let refuses: Error | undefined;
  let writer: ClientWriter;

  beforeEach(() => {
    clock = new FakeClock();
    [taken, heard, attempts, refuses] = [[], [], 0, undefined];
    writer = new ClientWriter(
      {
        send(bytes) {
          attempts += 1;
          if (refuses !== undefined) return Promise.reject(refuses);
          taken.push(bytes.length === 0 ? 'close' : bytes.toString());
          return Promise.resolve();
        },
        drained: () => heard.push('drained'),
        closed: () => heard.push('closed'),
      },
      clock,
    );
  });

  const write = (text: string) => writer.write(Buffer.from(text), () => heard.push(`took ${text}`));

  it('writes in order, says what was taken, and closes behind it', async () => {
    write('a');
    write('b');
    writer.close();
    write('too late');
    expect(writer.idle).to.equal(false);
    await settled();
    expect(taken).to.deep.equal(['a', 'b', 'close']);
    expect(heard).to.deep.equal(['took a', 'took b', 'closed']);
    expect(writer.idle).to.equal(true);
  });

  it('tries again, soon at first and then more slowly, and loses nothing', async () => {
    refuses = refusal('EAGAIN');
    write('a');
    write('b');
    const pauses: (number | undefined)[] = [];
    for (let n = 0; n < 12; n++) {
      await settled();
      pauses.push(clock.next);
      clock.advance(clock.next ?? 0);
    }
    expect(pauses).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000]);
    await settled();
    refuses = undefined;
    write('c');
    await settled();
    expect(taken).to.deep.equal([], 'not before its turn');
    clock.advance(1000);
    await settled();
    expect(taken).to.deep.equal(['a', 'b', 'c']);
    refuses = refusal('EAGAIN');
    write('d');
    await settled();
    expect(clock.next).to.equal(1, 'soon again, after something was taken');
  });

  it('says when it is full, and when it is not any more', async () => {
    refuses = refusal('EAGAIN');
    writer.write(Buffer.alloc(262_144));
    expect(writer.isFull).to.equal(false);
    write('a');
    expect(writer.isFull).to.equal(true);
    await settled();
    refuses = undefined;
    clock.advance(1);
    await settled();
    expect(writer.isFull).to.equal(false);
    expect(heard).to.deep.equal(['drained', 'took a']);
  });

  it('tries a close again that is not taken', async () => {
    refuses = refusal('EAGAIN');
    writer.close();
    writer.close();
    await settled();
    expect(heard).to.deep.equal([]);
    refuses = undefined;
    clock.advance(1);
    await settled();
    expect(taken).to.deep.equal(['close']);
    expect(heard).to.deep.equal(['closed']);
  });

  it('cuts: what was not taken is dropped, and the close does not wait', async () => {
    refuses = refusal('EAGAIN');
    write('a');
    await settled();
    refuses = undefined;
    writer.cut();
    writer.cut();
    await settled();
    expect(taken).to.deep.equal(['close']);
    expect(heard).to.deep.equal(['closed']);
    expect(clock.waiting).to.equal(0);
  });

  it('cuts while something is being sent: once, behind it', async () => {
    write('a');
    write('b');
    writer.cut();
    await settled();
    expect(taken).to.deep.equal(['a', 'close']);
    expect(heard.at(-1)).to.equal('closed');
  });

  it('cuts although a close is waiting', async () => {
    refuses = refusal('EAGAIN');
    write('a');
    writer.close();
    await settled();
    refuses = undefined;
    writer.cut();
    await settled();
    expect(taken).to.deep.equal(['close']);
  });

  for (const code of ['EHOSTUNREACH', 'ENOTSOCK', 'EINVAL']) {
    it(`is over when libzmq says ${code}`, async () => {
      refuses = refusal(code);
      write('a');
      write('b');
      await settled();
      expect(heard).to.deep.equal(['closed']);
      expect(attempts).to.equal(1);
      expect(clock.waiting).to.equal(0);
      write('c');
      writer.close();
      writer.cut();
      await settled();
      expect(attempts).to.equal(1);
    });
  }

  it('says nothing more once the client has gone', async () => {
    write('a');
    writer.abandon();
    await settled();
    refuses = refusal('EAGAIN');
    expect(heard).to.deep.equal([]);
    expect(writer.idle).to.equal(true);
  });

  it('stops trying once the client has gone', async () => {
    refuses = refusal('EAGAIN');
    write('a');
    writer.abandon();
    await settled();
    expect(clock.waiting).to.equal(0);
    write('b');
    await settled();
    expect(attempts).to.equal(1);
  });

  it('keeps the order, however often it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async refusals => {
        const got: string[] = [];
        const pattern = [...refusals];
        const host = {
          send(bytes: Buffer) {
            if (pattern.shift()) return Promise.reject(refusal('EAGAIN'));
            got.push(bytes.length === 0 ? 'close' : bytes.toString());
            return Promise.resolve();
          },
          drained: () => undefined,
          closed: () => undefined,
        };
        const time = new FakeClock();
        const random = new ClientWriter(host, time);
        for (const text of ['a', 'b', 'c', 'd']) random.write(Buffer.from(text));
        random.close();
        while (pattern.length > 0 || time.waiting > 0 || !random.idle) {
          await settled();
          time.advance(1000);
          if (random.idle) break;
        }
        expect(got).to.deep.equal(['a', 'b', 'c', 'd', 'close']);
      }),
      { numRuns: 50 },
    );
  });
});
