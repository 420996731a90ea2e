import { expect } from 'chai';
import { readAnswer, readRequests, arrivals, latin1, limits } from './arrivals.js';

const REQUEST = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** What is behind the head: the body as text, or the code of the refusal. */
function bodyOf(pieces: readonly Buffer[], of: 'request' | 'answer', within = limits): string {
  const { parts, refused } =
    of === 'request'
      ? readRequests([latin1(REQUEST), ...pieces], within)
      : readAnswer([latin1(ANSWER), ...pieces], { within });
  const text = parts.map(part => (part.kind === 'body' ? part.text : '')).join('');
  return refused ?? `${text}${parts.at(-1)?.kind === 'end' ? '|' : ''}`;
}

describe('the chunked coding', () => {
  const accepted: readonly (readonly [chunks: string, text: string])[] = [
    ['0\r\n\r\n', '|'],
    ['000000000000000\r\n\r\n', '|'],
    ['5\r\nhello\r\n0\r\n\r\n', 'hello|'],
    ['00005\r\nhello\r\n0\r\n\r\n', 'hello|'],
    ['A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n', '01234567890123456789|'],
    ['2\r\n\r\n\r\n0\r\n\r\n', '\r\n|'], // content that looks like framing
    ['5\r\n0\r\n\r\n\r\n0\r\n\r\n', '0\r\n\r\n|'],
    ['1;a\r\nx\r\n0;b=c;d="e;f"\r\n\r\n', 'x|'],
    ['1 ;a\r\nx\r\n0\t;b\r\n\r\n', 'x|'],
    ['1; a = "\\"\xe9" ;b\r\nx\r\n0;c\r\n\r\n', 'x|'],
    [`1;${'e'.repeat(4096 - 4)}\r\nx\r\n0\r\n\r\n`, 'x|'], // the longest line
    ['5\r\nhel', 'hel'],
    ['', ''],
    ['5', ''],
    ['5\r', ''],
    ['5\r\nhello', 'hello'],
    ['5\r\nhello\r', 'hello'],
    ['0\r\n', ''],
    ['0\r\n\r', ''],
  ];
  for (const [chunks, text] of accepted) {
    const shown = JSON.stringify(chunks.slice(0, 50));
    it(`reads ${JSON.stringify(text)} from ${shown}, in requests and answers`, () => {
      for (const pieces of arrivals(chunks)) {
        expect(bodyOf(pieces, 'request')).to.equal(text);
        expect(bodyOf(pieces, 'answer')).to.equal(text);
      }
    });
  }

  const refused: readonly string[] = [
    '\r\n',
    '\n',
    'g\r\n',
    '-1\r\n',
    '+1\r\n',
    '0x1\r\n',
    ' 1\r\n',
    '\t1\r\n',
    '1 \r\n', // white space that no extension follows
    '1 2\r\n',
    '1,2\r\n',
    '1.0\r\n',
    '1\n',
    '1\nx\r\n',
    '1\rx',
    '1\r\r\n',
    ';a\r\n',
    '0000000000000001\r\n', // 16 digits
    'ffffffffffffffff\r\n',
    '1;\r\n', // an extension without a name
    '1;a;\r\n',
    '1;@\r\n',
    '1;\xe9\r\n',
    '1;a b\r\n',
    '1;a=\r\n',
    '1;a="b\r\n', // quotes that do not end
    '1;a="b"c\r\n',
    '1;a="b\\"\r\n',
    '1;a\n',
    '1;a\nb\r\n',
    '1;a\rb\r\n',
    '1;a\0',
    '1;\x7f',
    `1;${'e'.repeat(4096 - 3)}\r\n`,
    `1;${'e'.repeat(5000)}`, // that never ends
    '1'.repeat(20),
    '1\r\nxy', // longer than it said
    '1\r\nx\n',
    '1\r\nx0\r\n\r\n',
    '1\r\nx\rx',
    '2\r\nx\r\n0\r\n\r\n', // shorter than it said
    '0\r\nA : b\r\n\r\n',
    '0\r\n A: b\r\n\r\n',
    '0\r\nA: b\r\n c\r\n\r\n',
    '0\r\nA: b\n\r\n',
    '0\r\nA: \0\r\n\r\n',
    '0\r\nA\r\n\r\n',
    '0\r\n\n',
    '0\r\nGET / HTTP/1.1\r\n\r\n',
  ];
  for (const chunks of refused) {
    it(`refuses ${JSON.stringify(chunks.slice(0, 50))}, in requests and answers`, () => {
      for (const pieces of arrivals(chunks)) {
        expect(bodyOf(pieces, 'request')).to.equal('ERR_BODY_MALFORMED');
        expect(bodyOf(pieces, 'answer')).to.equal('ERR_ANSWER_MALFORMED');
      }
    });
  }

  it('refuses a body over the limit as soon as a chunk announces it; answers know no limit', () => {
    const chunk = `1f4\r\n${'x'.repeat(500)}\r\n`;
    const within = { ...limits, body: 1000 };
    expect(bodyOf([latin1(`${chunk}${chunk}0\r\n\r\n`)], 'request', within)).to.have.length(1001);
    const over = `${chunk}${chunk}1\r\n`;
    expect(bodyOf([latin1(over)], 'request', within)).to.equal('ERR_BODY_TOO_LARGE');
    expect(bodyOf([latin1('fffffffffffffff\r\n')], 'request')).to.equal('ERR_BODY_TOO_LARGE');
    expect(bodyOf([latin1('fffffffffffffff\r\nx')], 'answer')).to.equal('x');
  });

  it('refuses who sends far more extensions than content', () => {
    // One byte and 4 KiB of extensions, again and again, would stay below every other limit.
    const costly = `1;${'e'.repeat(4000)}\r\nx\r\n`;
    expect(bodyOf([latin1(costly.repeat(4))], 'request')).to.equal('xxxx');
    expect(bodyOf([latin1(costly.repeat(5))], 'request')).to.equal('ERR_BODY_MALFORMED');
    const honest = `1;${'e'.repeat(10)}\r\nx\r\n`;
    expect(bodyOf([latin1(honest.repeat(900))], 'request')).to.equal('x'.repeat(900));
  });

  it('bounds trailers as it bounds fields', () => {
    const many = `0\r\n${'A: b\r\n'.repeat(21)}`;
    const long = `0\r\nA: ${'b'.repeat(1000)}`;
    for (const chunks of [many, long]) {
      for (const pieces of arrivals(chunks)) {
        expect(bodyOf(pieces, 'request')).to.equal('ERR_HEAD_TOO_LARGE');
        expect(bodyOf(pieces, 'answer')).to.equal('ERR_ANSWER_MALFORMED');
      }
    }
  });

  it('drops from trailers what frames, routes or names somebody, and keeps the rest', () => {
    const trailers = [
      'X-Checksum: 1',
      'Transfer-Encoding: chunked',
      'Content-Length: 5',
      'HOST: evil',
      'Authorization: evil',
      'Cookie: evil',
      'Set-Cookie: evil',
      'Content-Type: evil',
      'Trailer: evil',
      'TE: evil',
      'Connection: evil',
      'X-Forwarded-For: evil',
      'Expect: evil',
      'Server-Timing: 2',
    ];
    const text = `0\r\n${trailers.join('\r\n')}\r\n\r\n`;
    const end = {
      kind: 'end',
      trailers: [
        ['X-Checksum', '1'],
        ['Server-Timing', '2'],
      ],
    };
    expect(readRequests([latin1(REQUEST + text)]).parts.at(-1)).to.deep.equal(end);
    expect(readAnswer([latin1(ANSWER + text)]).parts.at(-1)).to.deep.equal(end);
  });

  it('drops from trailers what Connection names', () => {
    const named = (head: string) =>
      head.replace('\r\n\r\n', '\r\nConnection: X-Own, close\r\n\r\n');
    const text = '0\r\nX-Own: 1\r\nX-All: 2\r\n\r\n';
    const end = { kind: 'end', trailers: [['X-All', '2']] };
    expect(readRequests([latin1(named(REQUEST) + text)]).parts.at(-1)).to.deep.equal(end);
    expect(readAnswer([latin1(named(ANSWER) + text)]).parts.at(-1)).to.deep.equal(end);
  });
});
