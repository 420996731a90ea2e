import { expect } from 'chai';
import fc from 'fast-check';
import { bodyInMemory, type Body } from '../../../src/frontend/body.js';
import { Exchange, type Recipient, type WholeRequest } from '../../../src/frontend/exchange.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import { kinds, type FromFrontend } from '../../../src/wire/envelope.js';
import { bodyOnDisk, FakeAsker, inWords, request, settled } from './stand.js';

/** A worker that notes what it is sent. */
class FakeWorker implements Recipient {
  readonly window: number;
  readonly envelopes: FromFrontend[] = [];
  readonly faults: unknown[] = [];

  constructor(window = 100) {
    this.window = window;
  }

  push(envelope: FromFrontend): void {
    this.envelopes.push(envelope);
  }

  broken(_: Exchange, cause: unknown): void {
    this.faults.push(cause);
  }

  get heard(): string[] {
    return this.envelopes.map(inWords);
  }

  /** The request as it was sent last, and what followed it. */
  get last(): readonly FromFrontend[] {
    return this.envelopes.slice(this.envelopes.findLastIndex(([kind]) => kind === kinds.request));
  }

  /** The body as the container gets it, of the request that was sent last. */
  get body(): string {
    return this.last
      .map(each => each.find(field => field instanceof Uint8Array) ?? Buffer.alloc(0))
      .map(bytes => Buffer.from(bytes).toString('latin1'))
      .join('');
  }
}

const exchangeOf = (about: Partial<WholeRequest>) =>
  new Exchange(exchangeId(7), request(about), new FakeAsker());

/** A body on a disk that answers when it is told to. */
function slowBody(bytes: Buffer) {
  const reads: (() => void)[] = [];
  const body: Body = {
    ...bodyOnDisk(bytes),
    read: (offset, most) =>
      new Promise(resolve => reads.push(() => resolve(bytes.subarray(offset, offset + most)))),
  };
  return { body, readDone: () => reads.shift()?.(), reading: () => reads.length };
}

describe('Exchange of a frontend', () => {
  it('sends a request without a body, or with one in memory, in one envelope', () => {
    const body = bodyInMemory(Buffer.from('x'.repeat(1000)));
    const head = 'PUT / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n';
    const worker = new FakeWorker();
    exchangeOf({ method: 'PUT', head, body }).sendTo(worker);
    expect(worker.envelopes).to.deep.equal([
      [kinds.request, 7, 'PUT', head, false, body.whole, false],
    ]);
  });

  it('sends a body from the disk in pieces, as far as there is credit', async () => {
    const exchange = exchangeOf({ body: bodyOnDisk(Buffer.from('0123456789')) });
    const worker = new FakeWorker(4);
    exchange.sendTo(worker);
    await settled();
    expect(worker.heard).to.deep.equal(['request', 'part 0123']);
    exchange.granted(3);
    await settled();
    exchange.granted(100);
    await settled();
    expect(worker.heard.slice(2)).to.deep.equal(['part 456', 'part 789 end']);
    exchange.granted(100);
    await settled();
    expect(worker.heard).to.have.length(4, 'there is no more to send');
  });

  it('reads in pieces of at most 64 KiB', async () => {
    const worker = new FakeWorker(1_000_000);
    exchangeOf({ body: bodyOnDisk(Buffer.alloc(150_000)) }).sendTo(worker);
    await settled();
    expect(worker.heard).to.deep.equal([
      'request',
      'part … (65536)',
      'part … (65536)',
      'part … (18928) end',
    ]);
  });

  const trailers = [['Digest', 'abc']] as const;
  const LAST = '0\r\nDigest: abc\r\n\r\n';

  it('sends a body with trailers in chunks', async () => {
    const exchange = exchangeOf({ body: bodyInMemory(Buffer.from('0123456789')), trailers });
    const worker = new FakeWorker(4);
    exchange.sendTo(worker);
    await settled();
    exchange.granted(100);
    await settled();
    expect(worker.body).to.equal(`4\r\n0123\r\n6\r\n456789\r\n${LAST}`);
    expect(worker.heard.at(-1)).to.match(/ end$/);
  });

  // `0\r\nDigest: abc\r\n\r\n`: nothing but trailers. Unless the last chunk is sent, the container waits
  // for it until it is given up.
  it('sends trailers that follow an empty body', async () => {
    const exchange = exchangeOf({ body: bodyInMemory(Buffer.alloc(0)), trailers });
    const worker = new FakeWorker();
    exchange.sendTo(worker);
    await settled();
    expect(worker.body).to.equal(LAST);
    const last = worker.envelopes.at(-1);
    expect(last?.[0] === kinds.part ? last[3] : last?.[6]).to.equal(false, 'there is no more');
  });

  it('begins anew with another worker, also while the disk still reads for the first', async () => {
    const { body, readDone } = slowBody(Buffer.from('abcdef'));
    const exchange = exchangeOf({ body });
    const first = new FakeWorker(3);
    const second = new FakeWorker(100);
    exchange.sendTo(first);
    readDone();
    await settled();
    exchange.granted(3);
    exchange.sendTo(second); // the first was lost; a read for it is on its way
    readDone();
    await settled();
    readDone();
    await settled();
    expect(first.heard).to.deep.equal(['request', 'part abc']);
    expect(second.heard).to.deep.equal(['request', 'part abcdef end']);
    expect(exchange.attempts).to.equal(2);
  });

  it('goes on with the upload after an early answer', async () => {
    const exchange = exchangeOf({ body: bodyOnDisk(Buffer.from('abcd')) });
    const worker = new FakeWorker(2);
    exchange.sendTo(worker);
    await settled();
    exchange.answered = true;
    exchange.granted(2);
    await settled();
    expect(worker.body).to.equal('abcd');
  });

  it('sends nothing more once it has ended, and discards the body', async () => {
    const { body, readDone } = slowBody(Buffer.from('abcd'));
    let discarded = 0;
    const exchange = exchangeOf({ body: { ...body, discard: () => (discarded += 1) } });
    const worker = new FakeWorker(100);
    exchange.sendTo(worker);
    exchange.ended();
    readDone();
    exchange.granted(100);
    await settled();
    expect(worker.heard).to.deep.equal(['request']);
    expect(discarded).to.equal(1);
  });

  const broken: readonly (readonly [string, Body['read']])[] = [
    ['cannot be read', () => Promise.reject(new Error('EIO'))],
    ['is shorter than it was', () => Promise.resolve(Buffer.alloc(0))],
  ];
  for (const [what, read] of broken) {
    it(`tells its worker that the temporary file ${what}`, async () => {
      const worker = new FakeWorker();
      exchangeOf({ body: { ...bodyOnDisk(Buffer.from('abcd')), read } }).sendTo(worker);
      await settled();
      expect(worker.faults).to.have.length(1);
      expect(worker.heard).to.deep.equal(['request']);
    });
  }

  it('does not mind a file that breaks once nobody needs it', async () => {
    const worker = new FakeWorker();
    const read = () => Promise.reject(new Error('EBADF'));
    const exchange = exchangeOf({ body: { ...bodyOnDisk(Buffer.from('abcd')), read } });
    exchange.sendTo(worker);
    exchange.ended();
    await settled();
    expect(worker.faults).to.deep.equal([]);
  });

  describe('that is asked for again', () => {
    const inMemory = bodyInMemory(Buffer.from('all of it'));

    const rows: readonly (readonly [what: string, about: Partial<WholeRequest>])[] = [
      ['without a body', {}],
      ['with a body in memory', { method: 'PUT', body: inMemory }],
      ['with trailers behind an empty body', { trailers }],
    ];
    for (const [what, about] of rows) {
      it(`sends a request ${what} once more, in one envelope`, async () => {
        const exchange = exchangeOf(about);
        const worker = new FakeWorker();
        exchange.sendTo(worker);
        exchange.again();
        await settled();
        const [first, ...more] = worker.envelopes;
        expect(more).to.deep.equal([first]);
      });
    }

    const LARGE = 65_537; // too large to travel with its head
    for (const [where, bodyOf] of [
      ['in memory', bodyInMemory],
      ['on the disk', bodyOnDisk],
    ] as const) {
      it(`sends a large body ${where} from its beginning, also when all of it was sent`, async () => {
        const bytes = Buffer.alloc(LARGE, 'abcdefg');
        const exchange = exchangeOf({ body: bodyOf(bytes) });
        const worker = new FakeWorker(LARGE);
        exchange.sendTo(worker);
        await settled();
        const sent = ['request', 'part … (65536)', 'part c end'];
        expect(worker.heard).to.deep.equal(sent);
        exchange.again();
        await settled();
        expect(worker.heard).to.deep.equal([...sent, ...sent]);
        expect(worker.body).to.equal(bytes.toString());
      });
    }

    it('sends chunks and trailers from the beginning', async () => {
      const exchange = exchangeOf({ body: bodyOnDisk(Buffer.from('0123456789')), trailers });
      const worker = new FakeWorker(4);
      exchange.sendTo(worker);
      await settled();
      exchange.again();
      exchange.granted(100);
      await settled();
      expect(worker.body).to.equal(`4\r\n0123\r\n6\r\n456789\r\n${LAST}`);
      expect(worker.heard.at(-1)).to.match(/ end$/);
    });

    it('is not given to a worker once more: the worker is as well as before', () => {
      const exchange = exchangeOf({});
      exchange.sendTo(new FakeWorker());
      exchange.again();
      expect(exchange.attempts).to.equal(1);
    });

    it('counts the window anew, whatever credit was left or owed', async () => {
      const exchange = exchangeOf({ body: bodyOnDisk(Buffer.from('0123456789')) });
      const worker = new FakeWorker(4);
      exchange.sendTo(worker);
      await settled();
      exchange.granted(2);
      await settled();
      exchange.again();
      await settled();
      const first = ['request', 'part 0123', 'part 45'];
      expect(worker.heard).to.deep.equal([...first, 'request', 'part 0123']);
      exchange.granted(1);
      await settled();
      expect(worker.heard.at(-1)).to.equal('part 4');
    });

    it('neither sends nor counts what was read for the upload before', async () => {
      const { body, readDone, reading } = slowBody(Buffer.from('abcdef'));
      const exchange = exchangeOf({ body });
      const worker = new FakeWorker(3);
      exchange.sendTo(worker);
      exchange.again();
      exchange.again();
      exchange.granted(1);
      expect(reading()).to.equal(1, 'one reader, however often it is asked for');
      readDone();
      await settled();
      expect(worker.heard).to.deep.equal(['request', 'request', 'request']);
      expect(reading()).to.equal(1, 'from the beginning');
      readDone();
      await settled();
      expect(worker.heard.at(-1)).to.equal('part abcd');
      exchange.granted(100);
      readDone();
      await settled();
      expect(worker.body).to.equal('abcdef');
    });

    it('does not mind that the reading for the upload before fails', async () => {
      const reads: ((read: Promise<Buffer>) => void)[] = [];
      const body: Body = {
        ...bodyOnDisk(Buffer.from('abcd')),
        read: () => new Promise(resolve => reads.push(resolve)),
      };
      const exchange = exchangeOf({ body });
      const worker = new FakeWorker();
      exchange.sendTo(worker);
      exchange.again();
      reads.shift()?.(Promise.reject(new Error('EIO')));
      await settled();
      expect(worker.faults).to.deep.equal([]);
      reads.shift()?.(Promise.reject(new Error('EIO once more')));
      await settled();
      expect(worker.faults.map(String)).to.deep.equal(['Error: EIO once more']);
    });

    it('goes to the worker that has it now', async () => {
      const exchange = exchangeOf({ body: inMemory });
      const [first, second] = [new FakeWorker(), new FakeWorker()];
      exchange.sendTo(first);
      exchange.sendTo(second);
      exchange.again();
      await settled();
      expect(first.heard).to.deep.equal(['request all of it']);
      expect(second.heard).to.deep.equal(['request all of it', 'request all of it']);
    });

    const ignored: readonly (readonly [
      when: string,
      about: Partial<WholeRequest>,
      happens: (exchange: Exchange) => void,
    ])[] = [
      ['the client has the head of its answer', {}, exchange => (exchange.answered = true)],
      ['it has ended: the body is gone', {}, exchange => exchange.ended()],
      ['it may have become a tunnel', { upgrade: true }, exchange => exchange.tunnel(Buffer.of(1))],
    ];
    for (const [when, about, happens] of ignored) {
      it(`stays as it is when ${when}`, async () => {
        const exchange = exchangeOf(about);
        const worker = new FakeWorker();
        exchange.sendTo(worker);
        happens(exchange);
        const before = worker.heard;
        exchange.again();
        await settled();
        expect(worker.heard).to.deep.equal(before);
      });
    }

    it('stays as it is when no worker has it yet', () => {
      const exchange = exchangeOf({});
      exchange.again();
      expect(exchange.attempts).to.equal(0);
    });
  });

  describe('tunnel', () => {
    it('sends what the client sends, as far as there is credit, and keeps the rest', () => {
      const exchange = exchangeOf({ upgrade: true });
      const worker = new FakeWorker(4);
      exchange.tunnel(Buffer.from('before')); // no worker yet: it waits
      exchange.sendTo(worker);
      exchange.granted(0);
      exchange.tunnel(Buffer.from('waits'));
      expect(worker.heard).to.deep.equal(['request', 'part before'], 'whole pieces, so once over');
      exchange.granted(2);
      expect(worker.heard).to.have.length(2, 'that only makes up for it');
      exchange.granted(1);
      expect(worker.heard.at(-1)).to.equal('part waits');
    });

    it('says when too much waits', () => {
      const exchange = exchangeOf({ upgrade: true });
      exchange.sendTo(new FakeWorker(1));
      expect(exchange.tunnel(Buffer.from('taken'))).to.equal(true);
      expect(exchange.tunnel(Buffer.alloc(64 * 1024 * 1024))).to.equal(true);
      expect(exchange.tunnel(Buffer.from('x'))).to.equal(false);
    });

    // A request for an upgrade may have a body. It was sent with the head; credit for what the client
    // sent into the tunnel must not bring it a second time, in the middle of another protocol.
    it('never sends the body of the request into the tunnel', async () => {
      const exchange = exchangeOf({ upgrade: true, body: bodyInMemory(Buffer.from('body')) });
      const worker = new FakeWorker(4);
      exchange.sendTo(worker);
      exchange.tunnel(Buffer.from('frame 1'));
      exchange.granted(100);
      await settled();
      exchange.tunnel(Buffer.from('frame 2'));
      expect(worker.heard).to.deep.equal(['request body', 'part frame 1', 'part frame 2']);
    });

    // A server may switch before it has read a large body: what the client sends then must not
    // overtake what the worker has no credit for yet.
    it('sends the rest of the body before what comes out of the tunnel', async () => {
      const exchange = exchangeOf({ upgrade: true, body: bodyOnDisk(Buffer.from('the body')) });
      const worker = new FakeWorker(4);
      exchange.sendTo(worker);
      await settled();
      exchange.tunnel(Buffer.from(', then the tunnel'));
      for (const bytes of [2, 100]) {
        exchange.granted(bytes);
        await settled();
      }
      expect(worker.body).to.equal('the body, then the tunnel');
    });
  });

  it('sends every body whole and in order, however credit comes, workers go and ask again', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.array(fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom('lost', 'again'))),
        async (bytes, happenings) => {
          const exchange = exchangeOf({ body: bodyOnDisk(Buffer.from(bytes)) });
          let worker = new FakeWorker(50);
          let allowed = 50;
          exchange.sendTo(worker);
          for (const happening of [...happenings, 200]) {
            allowed = typeof happening === 'number' ? allowed + happening : 50;
            if (typeof happening === 'number') exchange.granted(happening);
            else if (happening === 'again') exchange.again();
            else exchange.sendTo((worker = new FakeWorker(50)));
            await Promise.resolve();
            expect(worker.body.length).to.be.at.most(allowed);
          }
          await settled();
          expect(Buffer.from(worker.body, 'latin1').equals(bytes)).to.equal(true);
          expect(worker.last.filter(each => each[0] === kinds.part && !each[3])).to.have.length(1);
        },
      ),
      { numRuns: 200 },
    );
  });
});
