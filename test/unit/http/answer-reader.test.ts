import { expect } from 'chai';
import fc from 'fast-check';
import { AnswerReader } from '../../../src/http/answer-reader.js';
import type { AnswerFraming, AnswerPart, Field } from '../../../src/http/message.js';
import {
  arrivals,
  cutAt,
  latin1,
  limits,
  readAll,
  readAnswer,
  type Asking,
  type Told,
} from './arrivals.js';

const END: AnswerPart = { kind: 'end', trailers: [] };
const body = (text: string): Told<AnswerPart> => ({ kind: 'body', text });
const length = (bytes: number): AnswerFraming => ({ kind: 'length', bytes });

function told(status: number, reason: string, fields: readonly Field[], version: '1.0' | '1.1') {
  return { version, status, reason, fields };
}

interface StatusLine {
  readonly status?: number;
  readonly reason?: string;
  readonly version?: '1.0' | '1.1';
}

/** A head with these fields, `HTTP/1.1 200 OK` if nothing else is said. */
const head = (
  framing: AnswerFraming | Exclude<AnswerFraming['kind'], 'length'>,
  fields: readonly Field[] = [],
  { status = 200, reason = 'OK', version = '1.1' }: StatusLine = {},
): Told<AnswerPart> => ({
  kind: 'head',
  head: told(status, reason, fields, version),
  framing: typeof framing === 'string' ? { kind: framing } : framing,
});

const OK = 'HTTP/1.1 200 OK\r\n';

describe('AnswerReader', () => {
  const accepted: Readonly<Record<string, readonly [string, Asking, readonly Told<AnswerPart>[]]>> =
    {
      'a body with a length': [
        `${OK}Content-Length: 2\r\n\r\nhi`,
        {},
        [head(length(2), [['Content-Length', '2']]), body('hi'), END],
      ],
      'a length of zero': [
        `${OK}Content-Length: 0\r\n\r\n`,
        {},
        [head(length(0), [['Content-Length', '0']]), END],
      ],
      'a body in chunks, with trailers': [
        `${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n`,
        {},
        [
          head('chunked', [['Transfer-Encoding', 'chunked']]),
          body('hi'),
          { kind: 'end', trailers: [['A', 'b']] },
        ],
      ],
      'a body that ends with the connection': [
        `${OK}\r\nhi\r\n\r\n`,
        { closes: true },
        [head('close'), body('hi\r\n\r\n'), END],
      ],
      'an empty body that ends with the connection': [
        `${OK}\r\n`,
        { closes: true },
        [head('close'), END],
      ],
      'a body that has not ended yet': [`${OK}\r\nhi`, {}, [head('close'), body('hi')]],
      'an answer to HEAD, whatever length it declares': [
        `${OK}Content-Length: 5\r\n\r\n`,
        { method: 'HEAD' },
        [head('none', [['Content-Length', '5']]), END],
      ],
      'an answer to HEAD that says it would be chunked': [
        `${OK}Transfer-Encoding: chunked\r\n\r\n`,
        { method: 'HEAD' },
        [head('none', [['Transfer-Encoding', 'chunked']]), END],
      ],
      'a 204': [
        'HTTP/1.1 204 No Content\r\n\r\n',
        {},
        [head('none', [], { status: 204, reason: 'No Content' }), END],
      ],
      'a 304 with the length of what it does not send': [
        'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
        {},
        [head('none', [['Content-Length', '5']], { status: 304, reason: 'Not Modified' }), END],
      ],
      'a status without reason': [
        'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n',
        {},
        [head(length(0), [['Content-Length', '0']], { reason: '' }), END],
      ],
      'a status without reason and without the space before it': [
        'HTTP/1.1 599\r\nContent-Length: 0\r\n\r\n',
        {},
        [head(length(0), [['Content-Length', '0']], { status: 599, reason: '' }), END],
      ],
      'a reason with tabs and bytes beyond ASCII': [
        'HTTP/1.1 200 a\tb \xe9\r\nContent-Length: 0\r\n\r\n',
        {},
        [head(length(0), [['Content-Length', '0']], { reason: 'a\tb \xe9' }), END],
      ],
      'HTTP/1.0': [
        'HTTP/1.0 200 OK\r\n\r\nhi',
        { closes: true },
        [head('close', [], { version: '1.0' }), body('hi'), END],
      ],
      'a minor version of the future': [
        'HTTP/1.2 204 OK\r\n\r\n',
        {},
        [head('none', [], { status: 204 }), END],
      ],
      'interim answers before the final one': [
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 OK\r\n\r\n',
        {},
        [
          { kind: 'interim', head: told(100, 'Continue', [], '1.1') },
          {
            kind: 'interim',
            head: told(
              103,
              'Early Hints',
              [
                ['Link', '</a>'],
                ['Content-Length', '9'],
              ],
              '1.1',
            ),
          },
          head('none', [], { status: 204 }),
          END,
        ],
      ],
      'the change to a protocol that was asked for': [
        'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x00',
        { upgrade: true, closes: true },
        [
          head('tunnel', [['Upgrade', 'websocket']], { status: 101, reason: 'Switching' }),
          body('\x81\x00'),
          END,
        ],
      ],
    };
  for (const [what, [text, asking, parts]] of Object.entries(accepted)) {
    it(`reads ${what}, however it arrives`, () => {
      for (const pieces of arrivals(text)) {
        expect(readAnswer(pieces, asking)).to.deep.equal({ parts, refused: undefined });
      }
    });
  }

  const malformed: Readonly<Record<string, readonly string[]>> = {
    'status lines that break RFC 9112 §4': [
      'HTTP/1.1  200 OK\r\n',
      'HTTP/1.1 20 OK\r\n',
      'HTTP/1.1 2000 OK\r\n',
      'HTTP/1.1 200OK\r\n',
      'HTTP/1.1 099 OK\r\n',
      'HTTP/1.1 600 OK\r\n',
      'HTTP/1.1 +20 OK\r\n',
      'HTTP/1.1 200 OK\n',
      'HTTP/1.1 200 O\0K\r\n',
      'HTTP/1.1 200 O\rK\r\n',
      'HTTP/2.0 200 OK\r\n',
      'HTTP/0.9 200 OK\r\n',
      'HTTP/1.10 200 OK\r\n',
      'http/1.1 200 OK\r\n',
      'ICY 200 OK\r\n',
      '<html>\n',
      '\r\n', // no empty line before an answer
      ' HTTP/1.1 200 OK\r\n',
      '\x15\x03\x01', // a TLS alert
    ],
    'fields that break RFC 9112 §5': [
      'Name : b\r\n',
      ' Name: b\r\n',
      'Name: b\r\n folded\r\n',
      'Name: b\n',
      'Name: b\rc\r\n',
      'Name: \0\r\n',
      'Name\r\n',
      ': b\r\n',
    ].map(line => `${OK}${line}\r\n`),
    'framing that two could read in two ways': [
      'Content-Length: 2\r\nTransfer-Encoding: chunked',
      'Transfer-Encoding: chunked\r\nContent-Length: 2',
      'Content-Length: 2\r\nContent-Length: 2',
      'Content-Length: 2, 2',
      'Content-Length: +2',
      'Content-Length: ',
      'Transfer-Encoding: chunked, chunked',
      'Transfer-Encoding: gzip, chunked',
      'Transfer-Encoding: identity',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    ].map(line => `${OK}${line}\r\n\r\n`),
    'chunks in HTTP/1.0': ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    'heads over the limits': [
      `HTTP/1.1 200 ${'x'.repeat(1000)}`, // that never end
      `HTTP/1.1 200 ${'x'.repeat(1000)}\r\n\r\n`,
      `${OK}A: ${'b'.repeat(1000)}\r\n\r\n`,
      `${OK}A: ${'b'.repeat(1000)}`,
      `${OK}${'A: b\r\n'.repeat(21)}`,
    ],
    'another protocol that nobody asked for': [
      'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n',
    ],
    'interim answers without end': ['HTTP/1.1 102 Processing\r\n\r\n'.repeat(17)],
  };
  for (const [what, texts] of Object.entries(malformed)) {
    it(`refuses ${what}, however they arrive`, () => {
      for (const text of texts) {
        for (const pieces of arrivals(text)) {
          const { parts, refused } = readAnswer(pieces);
          const finals = parts.filter(({ kind }) => kind !== 'interim');
          expect([finals, refused], JSON.stringify(text)).to.deep.equal([
            [],
            'ERR_ANSWER_MALFORMED',
          ]);
        }
      }
    });
  }

  it('takes as many interim answers as are allowed, for each answer anew', () => {
    const reader = new AnswerReader(limits);
    for (const method of ['GET', 'PUT']) {
      reader.expect(method);
      const text = `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(16)}HTTP/1.1 204 OK\r\n\r\n`;
      expect(readAll(reader, [latin1(text)]).parts).to.have.length(16 + 2);
    }
  });

  it('takes an upgrade for asked only if told so', () => {
    const reader = new AnswerReader(limits);
    reader.expect('GET');
    const { refused } = readAll(reader, [latin1('HTTP/1.1 101 Switching\r\n\r\n')]);
    expect(refused).to.equal('ERR_ANSWER_MALFORMED');
  });

  it('refuses double framing even where there is no body: both fields would travel on', () => {
    const text = `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(readAnswer([latin1(text)], { method: 'HEAD' }).refused).to.equal('ERR_ANSWER_MALFORMED');
  });

  const cut: readonly (readonly [text: string, code: string | undefined])[] = [
    ['', 'ERR_SERVER_RESET'],
    ['HTTP/1', 'ERR_SERVER_RESET'],
    [`${OK}Content-Le`, 'ERR_SERVER_RESET'],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'ERR_SERVER_RESET'], // no final head yet
    [`${OK}Content-Length: 2\r\n\r\n`, 'ERR_ANSWER_CUT'],
    [`${OK}Content-Length: 2\r\n\r\nh`, 'ERR_ANSWER_CUT'],
    [`${OK}Content-Length: 2\r\n\r\nhi`, undefined],
    [`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n`, 'ERR_ANSWER_CUT'],
    [`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n`, 'ERR_ANSWER_CUT'],
    [`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`, undefined],
    ['HTTP/1.1 204 OK\r\n\r\n', undefined],
  ];
  for (const [text, code] of cut) {
    it(`says ${code ?? 'nothing'} when the server closes behind ${JSON.stringify(text)}`, () => {
      for (const pieces of arrivals(text)) {
        expect(readAnswer(pieces, { closes: true }).refused).to.equal(code);
      }
    });
  }

  it('hands out what arrived before it says that the rest is missing', () => {
    const reader = new AnswerReader(limits);
    reader.expect('GET');
    reader.push(latin1(`${OK}Content-Length: 9\r\n\r\nhi`));
    reader.closed();
    const { parts, refused } = readAll(reader, [latin1('')]);
    expect(parts.map(({ kind }) => kind)).to.deep.equal(['head', 'body']);
    expect(refused).to.equal('ERR_ANSWER_CUT');
  });

  const connections: readonly (readonly [head: string, method: string, isReusable: boolean])[] = [
    [`${OK}Content-Length: 2\r\n\r\nhi`, 'GET', true],
    [`${OK}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'GET', true],
    ['HTTP/1.1 204 OK\r\n\r\n', 'GET', true],
    [`${OK}Content-Length: 2\r\n\r\n`, 'HEAD', true],
    [`${OK}Connection: close\r\nContent-Length: 2\r\n\r\nhi`, 'GET', false],
    [`${OK}Connection: x, Close\r\nContent-Length: 2\r\n\r\nhi`, 'GET', false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi', 'GET', false],
    ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi', 'GET', true],
    [`${OK}\r\nhi`, 'GET', false], // ends with the connection
    [`${OK}Content-Length: 2\r\n\r\nh`, 'GET', false], // not yet
    [`${OK}Content-Length: 2\r\n\r\nhi!`, 'GET', false], // more than was declared
    [`${OK}Content-Length: 2\r\n\r\nhi`, 'HEAD', false], // a body that must not be there
    ['HTTP/1.1 204 OK\r\n\r\nhi', 'GET', false],
  ];
  for (const [text, method, isReusable] of connections) {
    it(`${isReusable ? 'lets' : 'never lets'} another request follow ${method} ${JSON.stringify(text)}`, () => {
      for (const pieces of arrivals(text)) {
        const reader = new AnswerReader(limits);
        reader.expect(method);
        expect(readAll(reader, pieces).refused).to.equal(undefined);
        expect(reader.reusable).to.equal(isReusable);
      }
    });
  }

  it('reads one answer after another', () => {
    const reader = new AnswerReader(limits);
    for (const method of ['GET', 'HEAD', 'GET']) {
      reader.expect(method);
      expect(reader.reusable).to.equal(false);
      const text = `${OK}Content-Length: 2\r\n\r\n${method === 'GET' ? 'hi' : ''}`;
      const { parts } = readAll(reader, [latin1(text)]);
      expect(parts.at(-1)).to.deep.equal(END);
      expect(reader.reusable).to.equal(true);
    }
  });

  it('gives nobody an answer that nobody asked for', () => {
    // A server that says more than it was asked would answer the next client with it.
    const reader = new AnswerReader(limits);
    reader.expect('GET');
    readAll(reader, [latin1(`${OK}Content-Length: 0\r\n\r\n${OK}Content-Length: 4\r\n\r\nevil`)]);
    expect(reader.next()).to.equal(undefined);
    reader.expect('GET');
    expect(readAll(reader, [latin1('')])).to.deep.equal({
      parts: [],
      refused: 'ERR_ANSWER_MALFORMED',
    });
  });

  it('refuses a question while an answer is under way', () => {
    const reader = new AnswerReader(limits);
    reader.expect('GET');
    reader.expect('GET');
    expect(readAll(reader, [latin1(OK)]).refused).to.equal('ERR_ANSWER_MALFORMED');
  });

  it('is untouched until a byte of the answer arrives', () => {
    const reader = new AnswerReader(limits);
    const seen = [reader.untouched];
    for (const text of ['', 'H', `${OK.slice(1)}Content-Length: 0\r\n\r\n`]) {
      if (text === '') reader.expect('GET');
      readAll(reader, [latin1(text)]);
      seen.push(reader.untouched);
    }
    reader.expect('GET');
    seen.push(reader.untouched);
    expect(seen).to.deep.equal([true, true, false, false, true]);
  });

  it('is ready from the start, and not once the server has closed', () => {
    const reader = new AnswerReader(limits);
    expect(reader.reusable).to.equal(true);
    reader.closed();
    expect([reader.reusable, reader.next()]).to.deep.equal([false, undefined]);
    reader.expect('GET');
    expect(readAll(reader, [latin1('')]).refused).to.equal('ERR_SERVER_RESET');
  });

  it('throws the same again and again', () => {
    const reader = new AnswerReader(limits);
    reader.expect('GET');
    reader.push(latin1('bad\r\n'));
    const thrown = [1, 2].map(() => {
      try {
        return reader.next();
      } catch (cause) {
        return cause;
      }
    });
    expect(thrown[0]).to.be.instanceOf(Error);
    expect(thrown[1]).to.equal(thrown[0]);
    expect(reader.reusable).to.equal(false);
  });

  it('gives away what it has not read, for a tunnel', () => {
    const reader = new AnswerReader(limits);
    reader.expect('GET', { upgrade: true });
    reader.push(latin1('HTTP/1.1 101 Switching\r\n\r\nraw'));
    const part = reader.next();
    expect(part?.kind === 'head' && part.framing.kind).to.equal('tunnel');
    expect(String(reader.rest())).to.equal('raw');
    expect([reader.next(), reader.reusable]).to.deep.equal([undefined, false]);
  });

  it('reads any answer to the same end, wherever it is cut', () => {
    const nearly = fc.constantFrom(
      ...['HTTP/1.1', ' ', '200', '100', '204', '\r\n', '\r', '\n', 'A: b\r\n', '\0', '5', ';'],
      ...['\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked', '0', ':', 'hello'],
    );
    const start = fc.constantFrom('', OK, `${OK}Transfer-Encoding: chunked\r\n`, `${OK}\r\n`);
    const noise = fc
      .tuple(start, fc.array(nearly, { maxLength: 25 }))
      .map(([a, b]) => a + b.join(''));
    const asking = fc.record({
      method: fc.constantFrom('GET', 'HEAD'),
      closes: fc.boolean(),
      upgrade: fc.boolean(),
    });
    fc.assert(
      fc.property(noise, asking, fc.array(fc.nat(200)), (text, asked, cuts) => {
        const whole = readAnswer([latin1(text)], asked);
        expect(readAnswer(cutAt(latin1(text), cuts), asked)).to.deep.equal(whole);
      }),
      { numRuns: 1000 },
    );
  });
});
