import { expect } from 'chai';
import fc from 'fast-check';
import { ReceiveBuffer } from '../../../src/http/receive-buffer.js';
import { RequestReader } from '../../../src/http/request-reader.js';
import { cutAt, latin1 } from './arrivals.js';
import { workOf } from './work.js';

function filled(...pieces: readonly string[]): ReceiveBuffer {
  const buffer = new ReceiveBuffer();
  for (const piece of pieces) buffer.push(latin1(piece));
  return buffer;
}

describe('ReceiveBuffer', () => {
  it('hands out the very piece that was pushed if all of it is taken', () => {
    const buffer = new ReceiveBuffer();
    const piece = latin1('whole');
    buffer.push(piece);
    expect(buffer.take(100)).to.equal(piece);
    expect(buffer.waiting).to.equal(0);
  });

  it('hands out slices of the piece that was pushed, without copying', () => {
    const buffer = new ReceiveBuffer();
    const piece = latin1('GET /');
    buffer.push(piece);
    const slice = buffer.take(3);
    expect(slice.toString()).to.equal('GET');
    expect(slice.buffer).to.equal(piece.buffer);
    expect(buffer.take(9).buffer).to.equal(piece.buffer);
  });

  it('never changes a piece that was pushed, nor a slice that was taken', () => {
    const piece = latin1('abc');
    const buffer = new ReceiveBuffer();
    buffer.push(piece.subarray(0, 2)); // room behind it that is not ours
    buffer.push(latin1('xyz'));
    const taken = buffer.take(4);
    for (let at = 0; at < 1000; at += 1) buffer.push(latin1('0123456789'));
    expect(piece.toString()).to.equal('abc');
    expect(taken.toString()).to.equal('abxy');
  });

  it('takes no more than there is, and nothing from nothing', () => {
    expect(filled('ab').take(3).toString()).to.equal('ab');
    expect(filled().take(3)).to.have.length(0);
  });

  it('shows the first bytes and keeps them', () => {
    const buffer = filled('a', 'bc');
    expect(buffer.peek(2).toString()).to.equal('ab');
    expect(buffer.peek(9).toString()).to.equal('abc');
    expect(buffer.waiting).to.equal(3);
  });

  it('takes text as Latin-1', () => {
    expect(filled('\xe9t', '\xe9').takeText(3)).to.equal('\xe9t\xe9');
  });

  const ends: readonly (readonly [pieces: string[], line: number, lines: number])[] = [
    [[], 0, 0],
    [['a'], 0, 0],
    [['a\r'], 0, 0],
    [['a\n'], 2, 2],
    [['a\r', '\n'], 3, 3],
    [['a\r\nb'], 3, 3],
    [['a\r\nb\r\nc'], 3, 6],
    [['a\r\n\r\nb\r\n'], 3, 5], // no line behind the empty one
    [['a\r', '\n\r', '\nb\r\n\r\n'], 3, 5],
    [['\r\na\r\n\r\n'], 2, 2], // an empty line comes first
    [['\r'], 0, 0],
    [['\n\r\n\r\n'], 1, 5],
  ];
  for (const [pieces, line, lines] of ends) {
    it(`finds the end of the first line and of all lines in ${JSON.stringify(pieces)}`, () => {
      expect(filled(...pieces).lineEnd()).to.equal(line);
      expect(filled(...pieces).linesEnd()).to.equal(lines);
      const [asked, again] = [new ReceiveBuffer(), new ReceiveBuffer()]; // after each piece
      for (const piece of pieces) {
        [asked, again].forEach(each => each.push(latin1(piece)));
        if (asked.lineEnd() === 0) again.linesEnd();
      }
      expect(asked.lineEnd()).to.equal(line);
    });
  }

  const spoils: readonly (readonly [text: string, isSpoiled: boolean])[] = [
    ['', false],
    ['Name: value', false],
    ['a\tb', false],
    ['\xff', false],
    ['a\r', false], // a line feed may come
    ['a\rb', true],
    ['a\r\r', true],
    ['a\0', true],
    ['\x7f', true],
    ['\x16\x03\x01', true], // TLS where HTTP is spoken
  ];
  for (const [text, isSpoiled] of spoils) {
    it(`${isSpoiled ? 'refuses' : 'goes on with'} the line ${JSON.stringify(text)}`, () => {
      expect(filled(text).isSpoiled()).to.equal(isSpoiled);
      const slow = new ReceiveBuffer();
      const seen = Array.from(text, char => {
        slow.push(latin1(char));
        return slow.isSpoiled();
      });
      expect(seen.at(-1) ?? false).to.equal(isSpoiled);
    });
  }

  it('looks at no byte of an unfinished line twice', () => {
    const buffer = new ReceiveBuffer();
    const piece = latin1('Name: value');
    buffer.push(piece);
    expect(buffer.isSpoiled()).to.equal(false);
    piece[0] = 0; // nobody may do that: here it shows what is looked at
    expect(buffer.isSpoiled()).to.equal(false);
  });

  it('gives back what was pushed, whatever is pushed and taken when', () => {
    const step = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map(bytes => ({ push: Buffer.from(bytes) })),
      fc.nat(400).map(take => ({ take })),
    );
    fc.assert(
      fc.property(fc.array(step), steps => {
        const buffer = new ReceiveBuffer();
        const [pushed, taken]: [Buffer[], Buffer[]] = [[], []];
        for (const each of steps) {
          if ('take' in each) taken.push(buffer.take(each.take));
          else {
            buffer.push(each.push);
            pushed.push(each.push);
          }
        }
        taken.push(buffer.take(buffer.waiting));
        expect(Buffer.concat(taken).equals(Buffer.concat(pushed))).to.equal(true);
      }),
    );
  });
});

describe('the work of reading', () => {
  const limits = { head: 1e9, target: 1e9, fields: 1e9, body: 1e12 };
  const read = (bytes: Buffer, size: number) => () => {
    const reader = new RequestReader(limits);
    for (let at = 0; at < bytes.length; at += size) {
      reader.push(bytes.subarray(at, at + size));
      while (reader.next() !== undefined);
    }
    expect(reader.phase).to.equal('idle'); // all of it was understood
  };
  const start = 'POST / HTTP/1.1\r\nHost: a\r\n';
  const messages = {
    'one long field': `${start}A: ${'x'.repeat(32_000)}\r\n\r\n`,
    'many fields': `${start}${'A: b\r\n'.repeat(5_000)}\r\n`,
    'a long target': `GET /${'x'.repeat(32_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    'small chunks': `${start}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(5_000)}0\r\n\r\n`,
    'long extensions': `${start}Transfer-Encoding: chunked\r\n\r\n${`fff;${'e'.repeat(4000)}\r\n${'x'.repeat(4095)}\r\n`.repeat(8)}0\r\n\r\n`,
    trailers: `${start}Transfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(5_000)}\r\n`,
  };
  for (const [name, message] of Object.entries(messages)) {
    for (const size of [1, 7, 1000]) {
      it(`is linear for ${name} in pieces of ${size}`, () => {
        const bytes = latin1(message);
        // A constant for each byte, and one for each piece that is looked at again.
        const most = 10 * bytes.length + 64 * Math.ceil(bytes.length / size);
        expect(workOf(read(bytes, size))).to.be.within(1, most);
      });
    }
  }

  it('counts what is quadratic as such', () => {
    const bytes = latin1('x'.repeat(3000));
    const naive = () => {
      let all = Buffer.alloc(0);
      for (const byte of cutAt(bytes, [...bytes.keys()])) {
        const longer = Buffer.alloc(all.length + 1);
        all.copy(longer);
        byte.copy(longer, all.length);
        all = longer;
      }
    };
    expect(workOf(naive)).to.be.greaterThan(1000 * bytes.length);
  });

  it('copies nothing of a body, however large', () => {
    const reader = new RequestReader(limits);
    const piece = Buffer.alloc(8192);
    const count = 1000;
    const work = workOf(() => {
      reader.push(latin1(`${start}Content-Length: ${count * piece.length}\r\n\r\n`));
      reader.next();
      for (let at = 0; at < count; at += 1) {
        reader.push(piece);
        const part = reader.next();
        expect(part?.kind === 'body' && part.bytes).to.equal(piece);
      }
    });
    expect(reader.next()?.kind).to.equal('end');
    expect(work).to.be.lessThan(1000); // the head alone
  });
});
