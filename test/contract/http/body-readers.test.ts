/** What every body reader keeps to, whatever its framing. */
import { expect } from 'chai';
import type { BodyPart } from '../../../src/http/body-part.js';
import { bodyReader } from '../../../src/http/body.js';
import { inRequestBody } from '../../../src/http/faults.js';
import type { AnswerFraming } from '../../../src/http/message.js';
import { ReceiveBuffer } from '../../../src/http/receive-buffer.js';
import { arrivals, latin1 } from '../../unit/http/arrivals.js';

interface Framed {
  readonly framing: AnswerFraming;
  /** As it is sent. */
  readonly sent: string;
  /** What it means. */
  readonly content: string;
  /** The reader sees the end; else only the connection has one. */
  readonly ends: boolean;
}

const all: Readonly<Record<string, Framed>> = {
  'having none': { framing: { kind: 'none' }, sent: '', content: '', ends: true },
  'a length': {
    framing: { kind: 'length', bytes: 11 },
    sent: 'hello\r\n\r\n0!',
    content: 'hello\r\n\r\n0!',
    ends: true,
  },
  'a length of zero': { framing: { kind: 'length', bytes: 0 }, sent: '', content: '', ends: true },
  chunks: {
    framing: { kind: 'chunked' },
    sent: '3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
    content: 'hello',
    ends: true,
  },
  'the last chunk alone': {
    framing: { kind: 'chunked' },
    sent: '0\r\n\r\n',
    content: '',
    ends: true,
  },
  'the connection': {
    framing: { kind: 'close' },
    sent: 'hello\r\n',
    content: 'hello\r\n',
    ends: false,
  },
  'a tunnel': { framing: { kind: 'tunnel' }, sent: '\x81\x00', content: '\x81\x00', ends: false },
};

const newReader = (framing: AnswerFraming) =>
  bodyReader(framing, () => ({
    faults: inRequestBody,
    limits: { head: 1000, fields: 10 },
    most: 1000,
    connection: [],
  }));

/** Reads to the end, or as far as there is something. */
function readFrom(framing: AnswerFraming, pieces: readonly Buffer[]) {
  const reader = newReader(framing);
  const buffer = new ReceiveBuffer();
  const parts: BodyPart[] = [];
  for (const piece of [Buffer.alloc(0), ...pieces]) {
    buffer.push(piece);
    while (parts.at(-1)?.kind !== 'end') {
      const part = reader.next(buffer);
      if (part === undefined) break;
      parts.push(part);
    }
  }
  const content = parts.map(part => (part.kind === 'body' ? part.bytes.toString('latin1') : ''));
  return { parts, content: content.join(''), left: buffer.waiting };
}

for (const [name, { framing, sent, content, ends }] of Object.entries(all)) {
  describe(`the reader of a body framed by ${name}`, () => {
    it('reads the content, however it arrives', () => {
      for (const pieces of arrivals(sent)) {
        expect(readFrom(framing, pieces).content).to.equal(content);
      }
    });

    it(ends ? 'sees the end, once and last' : 'waits for the end of the connection', () => {
      for (const pieces of arrivals(sent)) {
        const { parts } = readFrom(framing, pieces);
        const at = parts.findIndex(({ kind }) => kind === 'end');
        expect(at).to.equal(ends ? parts.length - 1 : -1);
      }
      expect(newReader(framing).endsWithConnection).to.equal(!ends);
    });

    it('hands out no empty piece', () => {
      for (const pieces of arrivals(sent)) {
        const { parts } = readFrom(framing, pieces);
        expect(
          parts.filter(part => part.kind === 'body' && part.bytes.length === 0),
        ).to.have.length(0);
      }
    });

    it('hands out slices of what arrived', () => {
      const piece = latin1(sent);
      const { parts } = readFrom(framing, [piece]);
      const foreign = parts.filter(
        part => part.kind === 'body' && part.bytes.buffer !== piece.buffer,
      );
      expect(foreign).to.have.length(0);
    });

    if (ends) {
      it('leaves alone what follows the end', () => {
        for (const pieces of arrivals(`${sent}GET /`)) {
          const { content: read, parts, left } = readFrom(framing, pieces);
          expect([read, parts.at(-1)?.kind, left]).to.deep.equal([content, 'end', 5]);
        }
      });

      it('asks for more at every place before the end', () => {
        for (let at = 0; at < sent.length; at += 1) {
          const { parts, left } = readFrom(framing, [latin1(sent.slice(0, at))]);
          expect(parts.some(({ kind }) => kind === 'end')).to.equal(false);
          expect(left).to.be.at.most(at);
        }
      });
    }
  });
}
