import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { codeOf, errorCodes, isErrorCode } from '../../../src/kernel/errors.js';
import { exchangeId } from '../../../src/kernel/ids.js';
import {
  decodeFromFrontend,
  decodeFromWorker,
  encode,
  encodeAll,
  MOST_MESSAGE_BYTES,
  WIRE_VERSION,
} from '../../../src/wire/batch.js';
import { CONTROL_WIRE_VERSION } from '../../../src/wire/control-message.js';
import {
  framings,
  kinds,
  type Envelope,
  type FromFrontend,
  type FromWorker,
} from '../../../src/wire/envelope.js';
import type { Account } from '../../../src/wire/account.js';

const packer = new Packr({ useRecords: false });

// Heads and fields are Latin-1 text.
const latin1 = fc.uint8Array({ maxLength: 60 }).map(each => Buffer.from(each).toString('latin1'));
const bytes = fc.uint8Array({ maxLength: 400 }).map(each => Buffer.from(each));
const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(exchangeId);
const amount = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const status = fc.integer({ min: 100, max: 599 });
const framing = fc.nat({ max: framings.length - 1 });
const name = fc.stringMatching(/^[\w.-]{1,128}$/);
const code = fc.constantFrom(...errorCodes);
const kind = <Name extends keyof typeof kinds>(each: Name) => fc.constant(kinds[each]);

const account: fc.Arbitrary<Account | null> = fc.option(
  fc.tuple(
    fc.constantFrom('', '1', '1.10.0'),
    fc.constantFrom('', 'INSTANT', 'SESSION', 'GRADUAL', 'CONCURRENT'),
    fc.constantFrom('', '127.0.0.1:80', '[::1]:9101'),
    amount,
    fc.boolean(),
    fc.constantFrom('', 'agreed', 'differed'),
    fc.constantFrom('', 'new', 'kept'),
  ),
);

const either = [
  fc.tuple(kind('beat')),
  fc.tuple(kind('part'), id, bytes, fc.boolean(), latin1),
  fc.tuple(kind('credit'), id, amount),
] as const;

const fromWorker: fc.Arbitrary<FromWorker> = fc.oneof(
  ...either,
  fc.tuple(kind('hello'), name, amount, fc.constantFrom('', 'host-1'), fc.constantFrom('', 'a')),
  fc.tuple(kind('goodbye')),
  fc.tuple(kind('interim'), id, status, latin1, latin1),
  fc.tuple(
    kind('answer'),
    id,
    status,
    latin1,
    latin1,
    framing,
    bytes,
    fc.boolean(),
    latin1,
    account,
  ),
  fc.tuple(kind('failure'), id, code, name, account),
);

const fromFrontend: fc.Arbitrary<FromFrontend> = fc.oneof(
  ...either,
  fc.tuple(kind('welcome'), name, amount, fc.boolean()),
  fc.tuple(kind('farewell')),
  fc.tuple(kind('stranger')),
  fc.tuple(kind('request'), id, latin1, latin1, fc.boolean(), bytes, fc.boolean()),
  fc.tuple(kind('cancel'), id),
);

/** Buffers and other byte arrays alike. */
const plain = (envelopes: readonly Envelope[]) =>
  envelopes.map(each =>
    each.map(field => (field instanceof Uint8Array ? Buffer.from(field).toString('hex') : field)),
  );

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (cause) {
    return cause;
  }
  return undefined;
}

describe('batches', () => {
  it('arrive as they were sent, from a worker', () => {
    fc.assert(
      fc.property(fc.array(fromWorker, { maxLength: 8 }), batch => {
        expect(plain(decodeFromWorker(encode(batch)))).to.deep.equal(plain(batch));
      }),
    );
  });

  it('arrive as they were sent, from a frontend', () => {
    fc.assert(
      fc.property(fc.array(fromFrontend, { maxLength: 8 }), batch => {
        expect(plain(decodeFromFrontend(encode(batch)))).to.deep.equal(plain(batch));
      }),
    );
  });

  it('are refused as a whole when one envelope goes the wrong way', () => {
    const beat = [kinds.beat] as const;
    const goodbye = [kinds.goodbye] as const;
    const stranger = [kinds.stranger] as const;
    expect(codeOf(thrownBy(() => decodeFromFrontend(encode([beat, goodbye]))))).to.equal(
      'ERR_WIRE_MALFORMED',
    );
    expect(codeOf(thrownBy(() => decodeFromWorker(encode([stranger, beat]))))).to.equal(
      'ERR_WIRE_MALFORMED',
    );
  });

  const part = (size: number, n = 1): Envelope => [
    kinds.part,
    exchangeId(n),
    Buffer.alloc(size, n),
    true,
    '',
  ];

  describe('become messages', () => {
    const KB = 1024;
    const rows: readonly (readonly [sizes: number[], messages: number[], meaning: string])[] = [
      [[], [], 'nothing, no message'],
      [[10], [1], 'one'],
      [[10, 10, 10], [3], 'small ones travel together'],
      [[100 * KB, 100 * KB, 100 * KB, 10], [3, 1], 'a message is closed when it is large enough'],
      [[300 * KB, 300 * KB], [1, 1], 'large ones travel alone'],
      [[10, 300 * KB, 10], [2, 1], 'in order: nothing overtakes'],
      [[300 * KB], [1], 'a large one that is alone'],
    ];
    for (const [sizes, messages, meaning] of rows) {
      it(`${JSON.stringify(sizes)} as ${JSON.stringify(messages)}: ${meaning}`, () => {
        const envelopes = sizes.map((size, at) => part(size, at + 1));
        const batches = encodeAll(envelopes).map(each => decodeFromWorker(each));
        expect(batches.map(({ length }) => length)).to.deep.equal(messages);
        expect(plain(batches.flat())).to.deep.equal(plain(envelopes));
      });
    }

    it('in order, and within the bound, whatever they are', () => {
      const size = fc.oneof(fc.nat(200_000), fc.nat(100));
      fc.assert(
        fc.property(fc.array(size, { maxLength: 20 }), sizes => {
          const messages = encodeAll(sizes.map((each, at) => part(each, at + 1)));
          const ids = messages.flatMap(each =>
            decodeFromWorker(each).map(([, exchange]) => exchange),
          );
          expect(ids).to.deep.equal(sizes.map((_, at) => at + 1));
          for (const each of messages) expect(each.length).to.be.lessThan(MOST_MESSAGE_BYTES);
        }),
        { numRuns: 50 },
      );
    });

    it('that count strings as well as bytes', () => {
      const answer: Envelope = [
        kinds.answer,
        exchangeId(1),
        200,
        'OK',
        'x'.repeat(200_000),
        0,
        Buffer.alloc(0),
        false,
        '',
        null,
      ];
      expect(encodeAll([answer, answer, answer])).to.have.length(2);
    });
  });

  describe('of another version', () => {
    it('are those of who speaks another version with control: its tables travel here, too', () => {
      expect(WIRE_VERSION % 100).to.equal(CONTROL_WIRE_VERSION);
    });

    const rows: readonly (readonly [unknown, string])[] = [
      [WIRE_VERSION + 1, `version ${WIRE_VERSION + 1}`],
      [0, 'version 0'],
      ['1', 'version unknown'],
      [null, 'version unknown'],
      [{ a: 1 }, 'version unknown'],
    ];
    for (const [version, theirs] of rows) {
      it(`${JSON.stringify(version)} are refused, and both versions are named`, () => {
        const packed = packer.pack([version, [['whatever', 'a newer one', 'may send']]]);
        for (const decode of [decodeFromWorker, decodeFromFrontend]) {
          const cause = thrownBy(() => decode(packed));
          expect(codeOf(cause)).to.equal('ERR_WIRE_VERSION');
          expect(String(cause)).to.include(theirs).and.include(`we speak ${WIRE_VERSION}`);
        }
      });
    }
  });

  describe('that are none', () => {
    const rows: readonly (readonly [Buffer, string])[] = [
      [Buffer.alloc(0), 'nothing'],
      [packer.pack(WIRE_VERSION), 'a version alone'],
      [packer.pack([WIRE_VERSION]), 'no batch'],
      [packer.pack([WIRE_VERSION, [], 1]), 'too much'],
      [packer.pack([WIRE_VERSION, 'batch']), 'a text'],
      [packer.pack([WIRE_VERSION, { 0: [kinds.beat], length: 1 }]), 'like an array'],
      [packer.pack([WIRE_VERSION, [[kinds.beat], 7]]), 'one that is no envelope'],
      [packer.pack({ 0: WIRE_VERSION, 1: [], length: 2 }), 'an object'],
      [encode([[kinds.beat]]).subarray(0, -1), 'a part of one'],
      [Buffer.concat([encode([[kinds.beat]]), Buffer.from([0])]), 'more than one'],
      [Buffer.from('ddffffffff', 'hex'), 'an array of 4 billion items'],
      [Buffer.from('dbffffffff61', 'hex'), 'a text of 4 GiB'],
      [Buffer.from('c9ffffffff65', 'hex'), 'an extension of 4 GiB'],
      [Buffer.alloc(100_000, 0x91), 'arrays in arrays, very deep'],
      [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'HTTP'],
    ];
    for (const [packed, meaning] of rows) {
      it(`are refused: ${meaning}`, () => {
        for (const decode of [decodeFromWorker, decodeFromFrontend]) {
          expect(codeOf(thrownBy(() => decode(packed)))).to.equal('ERR_WIRE_MALFORMED');
        }
      });
    }

    // A length of nearly 4 GiB overflows 32 bits: msgpackr-extract, the native accelerator of msgpackr,
    // goes backwards then and never comes back. So it gets a process of its own.
    it('are refused, and stop nobody, when a length overflows', () => {
      const lengths = ['c6fffffffb', 'c9fffffffa', 'dbfffffff0', 'dbffffff00', 'a161dbffffffa0'];
      const batchUrl = new URL('../../../src/wire/batch.js', import.meta.url).href;
      const script = `
        const { decodeFromWorker } = await import(${JSON.stringify(batchUrl)});
        for (const each of ${JSON.stringify(lengths)}) {
          try {
            decodeFromWorker(Buffer.from('920194a161' + each + '61'.repeat(300), 'hex'));
          } catch ({ code }) {
            console.log(code);
          }
        }`;
      const args = ['--input-type=module', '--eval', script];
      const { stdout } = spawnSync(process.execPath, args, { timeout: 10_000, encoding: 'utf8' });
      expect(stdout.trim().split('\n')).to.deep.equal(lengths.map(() => 'ERR_WIRE_MALFORMED'));
    });

    const expected = [undefined, 'ERR_WIRE_MALFORMED', 'ERR_WIRE_VERSION'];
    /** Undefined: it was understood. */
    function outcome(packed: Uint8Array) {
      const cause = thrownBy(() => decodeFromWorker(packed));
      return cause === undefined ? undefined : codeOf(cause);
    }

    it('never do anything else, whatever the bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), packed => {
          expect(expected).to.include(outcome(packed));
        }),
        { numRuns: 2000 },
      );
    });

    it('never do anything else, where bytes of a batch were altered', () => {
      const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(
          fc.array(fromWorker, { minLength: 1, maxLength: 4 }),
          flips,
          (batch, altered) => {
            const packed = Buffer.from(encode(batch));
            for (const [at, value] of altered) packed[at % packed.length] = value;
            expect(expected).to.include(outcome(packed));
          },
        ),
        { numRuns: 2000 },
      );
    });

    it('never change how the next one is read', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 50 }), fromWorker, (noise, envelope) => {
          outcome(noise);
          expect(plain(decodeFromWorker(encode([envelope])))).to.deep.equal(plain([envelope]));
        }),
      );
    });
  });
});

describe('codes on the wire', () => {
  it('are those of the table', () => {
    expect(errorCodes.every(isErrorCode)).to.equal(true);
    expect(isErrorCode('hasOwnProperty')).to.equal(false);
  });
});
