import { expect } from 'chai';
import fc from 'fast-check';
import type { Field, RequestFraming, RequestPart } from '../../../src/http/message.js';
import { RequestReader } from '../../../src/http/request-reader.js';
import { arrivals, cutAt, latin1, limits, readAll, readRequests, type Told } from './arrivals.js';

const END: RequestPart = { kind: 'end', trailers: [] };
const NONE: RequestFraming = { kind: 'none' };
const CHUNKED: RequestFraming = { kind: 'chunked' };
const length = (bytes: number): RequestFraming => ({ kind: 'length', bytes });
const body = (text: string): Told<RequestPart> => ({ kind: 'body', text });

/** The head of `METHOD target HTTP/version` and these fields. */
function head(line: string, fields: readonly Field[], framing: RequestFraming = NONE) {
  const [method = '', target = '', version = ''] = line.split(' ');
  const is10 = version === 'HTTP/1.0';
  return {
    kind: 'head',
    head: { method, target, version: is10 ? '1.0' : '1.1', fields },
    framing,
  } as const;
}

const HOST: Field = ['Host', 'a'];
const GET = 'GET / HTTP/1.1';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\n';

describe('RequestReader', () => {
  const accepted: Readonly<Record<string, readonly [string, readonly Told<RequestPart>[]]>> = {
    'a request without body': [
      `${GET}\r\nHost: a\r\n\r\n`, //
      [head(GET, [HOST]), END],
    ],
    'fields in their order and spelling, the same name twice': [
      `${GET}\r\nB: 1\r\nHost: a\r\na: 2\r\nb: 3\r\n\r\n`,
      [head(GET, [['B', '1'], HOST, ['a', '2'], ['b', '3']]), END],
    ],
    'white space around a value, and keeps it inside': [
      `${GET}\r\nHost:a\r\nA: \t b \t c\t \r\nEmpty:\r\nBlank: \t\r\n\r\n`,
      [head(GET, [HOST, ['A', 'b \t c'], ['Empty', ''], ['Blank', '']]), END],
    ],
    'bytes beyond ASCII in a value, of which none is white space': [
      `${GET}\r\nHost: a\r\nA: \xa0\xff\x85\r\n\r\n`,
      [head(GET, [HOST, ['A', '\xa0\xff\x85']]), END],
    ],
    'colons in a value': [
      `${GET}\r\nHost: a:80\r\nA: :b:c\r\n\r\n`,
      [
        head(GET, [
          ['Host', 'a:80'],
          ['A', ':b:c'],
        ]),
        END,
      ],
    ],
    'every character of a token': [
      `!#$%&'*+-.^_\`|~09AZaz / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_\`|~09AZaz: 1\r\n\r\n`,
      [head("!#$%&'*+-.^_`|~09AZaz / HTTP/1.1", [HOST, ["!#$%&'*+-.^_`|~09AZaz", '1']]), END],
    ],
    'the longest method and target': [
      `${'M'.repeat(32)} /${'t'.repeat(199)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      [head(`${'M'.repeat(32)} /${'t'.repeat(199)} HTTP/1.1`, [HOST]), END],
    ],
    'one empty line before a request': [
      `\r\n${GET}\r\nHost: a\r\n\r\n`, //
      [head(GET, [HOST]), END],
    ],
    'HTTP/1.0 without Host': [
      'GET / HTTP/1.0\r\n\r\n', //
      [head('GET / HTTP/1.0', []), END],
    ],
    'an absolute target': [
      'GET http://b/c HTTP/1.1\r\nHost: a\r\n\r\n',
      [head('GET http://b/c HTTP/1.1', [HOST]), END],
    ],
    'the asterisk of OPTIONS': [
      'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
      [head('OPTIONS * HTTP/1.1', [HOST]), END],
    ],
    'the one expectation': [
      `${POST}Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx`,
      [
        head(
          'POST / HTTP/1.1',
          [HOST, ['Expect', '100-Continue'], ['Content-Length', '1']],
          length(1),
        ),
        body('x'),
        END,
      ],
    ],
    'a body with a length': [
      `${POST}Content-Length: 5\r\n\r\nhello`,
      [head('POST / HTTP/1.1', [HOST, ['Content-Length', '5']], length(5)), body('hello'), END],
    ],
    'a length of zero, which is said and not left out': [
      `${POST}Content-Length: 0\r\n\r\n`,
      [head('POST / HTTP/1.1', [HOST, ['Content-Length', '0']], length(0)), END],
    ],
    'a body in chunks, with extensions and trailers': [
      `${POST}Transfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n`,
      [
        head('POST / HTTP/1.1', [HOST, ['Transfer-Encoding', 'Chunked']], CHUNKED),
        body('hello!'),
        { kind: 'end', trailers: [['A', 'b']] },
      ],
    ],
    'requests that follow each other at once': [
      `${POST}Content-Length: 2\r\n\r\nab\r\n${GET}\r\nHost: a\r\n\r\n${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n${GET}\r\nHost: a\r\n\r\n`,
      [
        head('POST / HTTP/1.1', [HOST, ['Content-Length', '2']], length(2)),
        body('ab'),
        END,
        head(GET, [HOST]),
        END,
        head('POST / HTTP/1.1', [HOST, ['Transfer-Encoding', 'chunked']], CHUNKED),
        END,
        head(GET, [HOST]),
        END,
      ],
    ],
  };
  for (const [what, [text, parts]] of Object.entries(accepted)) {
    it(`reads ${what}, however it arrives`, () => {
      for (const pieces of arrivals(text)) {
        expect(readRequests(pieces)).to.deep.equal({ parts, refused: undefined });
      }
    });
  }

  // Nothing of these may reach a container: no part of them comes out.
  const refused: Readonly<Record<string, readonly [code: string, texts: readonly string[]]>> = {
    'start lines that break RFC 9112 §3': [
      'ERR_HEAD_MALFORMED',
      [
        'GET /\r\n', // HTTP/0.9
        'GET\r\n',
        ' \r\n',
        'GET  / HTTP/1.1\r\n',
        'GET / HTTP/1.1 \r\n',
        ' GET / HTTP/1.1\r\n',
        'GET /  HTTP/1.1\r\n',
        'GET\t/ HTTP/1.1\r\n',
        'GET / x HTTP/1.1\r\n',
        'GET / HTTP/1.1\n',
        'GET / HTTP/1.1\r\r\n',
        'GET / HTTP/1.1\rHost: a\r\n',
        'GET / http/1.1\r\n',
        'GET / HTTP/1.\r\n',
        'GET / HTTP/x\r\n',
        'GET / HTTP/-1.1\r\n',
        'GET / XHTTP/1.1\r\n',
        'G(T / HTTP/1.1\r\n',
        'G\xe9T / HTTP/1.1\r\n',
        'GET /\0 HTTP/1.1\r\n',
        'GET /\x7f HTTP/1.1\r\n',
        'GET /a\x01 HTTP/1.1\r\n',
        'GET /\xe9 HTTP/1.1\r\n',
        'GET /a#b HTTP/1.1\r\n',
        'GET * HTTP/1.1\r\n',
        'GET a HTTP/1.1\r\n',
        'GET http://u@a/ HTTP/1.1\r\n',
        `${'M'.repeat(33)} / HTTP/1.1\r\n`,
        '\r\n\r\nGET / HTTP/1.1\r\n', // two empty lines
        '\n',
        '\x16\x03\x01\x02\x00', // TLS
        'M'.repeat(33), // no end in sight
        `GET / ${'x'.repeat(250)}`,
      ],
    ],
    'field lines that break RFC 9112 §5': [
      'ERR_HEAD_MALFORMED',
      [
        'Name : b\r\n',
        'Name\t: b\r\n',
        ': b\r\n',
        ' Name: b\r\n',
        'Na me: b\r\n',
        'Na\0me: b\r\n',
        'Na(me: b\r\n',
        'Na\xe9me: b\r\n',
        'Name\r\n',
        'Name: b\n',
        'Name: b\nC: d\r\n',
        'Name: b\r',
        'Name: b\rC: d\r\n',
        'Name: b\r\r\n',
        '\rName: b\r\n',
        'Name: b\r\n folded\r\n',
        'Name: b\r\n\tfolded\r\n',
        'Name: b\r\n \r\n',
        'Name: \0\r\n',
        'Name: b\x0bc\r\n',
        'Name: \x7f\r\n',
        'Name: \x08', // no need to wait for the end of the line
      ].map(line => `${GET}\r\nHost: a\r\n${line}\r\n`),
    ],
    'Host missing, several or invalid': [
      'ERR_HEAD_MALFORMED',
      [
        `${GET}\r\n\r\n`,
        `${GET}\r\nHost: a\r\nhost: a\r\n\r\n`,
        `${GET}\r\nHost:\r\n\r\n`,
        `${GET}\r\nHost: a b\r\n\r\n`,
        `${GET}\r\nHost: a/b\r\n\r\n`,
        `${GET}\r\nHost: u@a\r\n\r\n`,
        `${GET}\r\nHost: a, b\r\n\r\n`,
        'GET http://a/ HTTP/1.1\r\n\r\n',
        'GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n',
        'GET / HTTP/1.0\r\nHost: a@b\r\n\r\n',
      ],
    ],
    'a length that two could read in two ways': [
      'ERR_HEAD_MALFORMED',
      [
        '+5',
        '-5',
        '0x5',
        '5,5',
        '5, 5',
        '5 5',
        '',
        ' ',
        '5.0',
        '5e0',
        '\xb2',
        '1234567890123456',
        '5\r\nContent-Length: 5',
        '5\r\ncontent-length: 6',
        '5\r\nTransfer-Encoding: chunked', // CL.TE
        '0\r\nTransfer-Encoding: chunked',
        '5\r\nTransfer-Encoding: identity',
        '5\r\nTransfer-Encoding:',
      ].map(value => `${POST}Content-Length: ${value}\r\n\r\n0\r\n\r\n`),
    ],
    'both framings in the other order, or chunks in HTTP/1.0': [
      'ERR_HEAD_MALFORMED',
      [
        `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`, // TE.CL
        'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
    ],
    'transfer codings that another could overlook': [
      'ERR_CODING_UNKNOWN',
      [
        'xchunked',
        'chunkedx',
        'x chunked',
        'chunked, chunked',
        'chunked,chunked',
        'chunked\r\nTransfer-Encoding: chunked',
        'chunked\r\nTransfer-Encoding: identity', // TE.TE
        'identity\r\nTransfer-encoding: chunked',
        'gzip, chunked',
        'chunked, gzip',
        'identity',
        'chunked;q=1',
        '"chunked"',
        "'chunked'",
        'chunked,',
        ',chunked',
        '',
        'chun\tked',
        '\xa0chunked', // no white space to us
        'chunk\xe9d',
      ].map(value => `${POST}Transfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`),
    ],
    'whoever hides the transfer coding from one of us': [
      'ERR_HEAD_MALFORMED',
      [
        'Transfer-Encoding : chunked',
        ' Transfer-Encoding: chunked',
        'Transfer-Encoding\t: chunked',
        'Transfer-Encoding\x0b: chunked',
        'Transfer-Encoding: \x0bchunked',
        'Transfer-Encoding:\r\n chunked',
        'X: y\nTransfer-Encoding: chunked',
        'X: y\rTransfer-Encoding: chunked',
        '\0Transfer-Encoding: chunked',
        'Transfer-Encoding: chunked\0',
      ].map(line => `${POST}${line}\r\n\r\n0\r\n\r\n`),
    ],
    'other versions': [
      'ERR_HTTP_VERSION',
      [
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'GET / HTTP/2\r\n',
        'GET / HTTP/1.2\r\n',
        'GET / HTTP/1.10\r\n',
        'GET / HTTP/01.1\r\n',
        'GET / HTTP/0.9\r\n',
        'GET / HTTP/3.0\r\n',
      ],
    ],
    'other expectations': [
      'ERR_EXPECTATION',
      [
        `${POST}Expect: 200-ok\r\n\r\n`,
        `${POST}Expect: 100-continue, more\r\n\r\n`,
        `${POST}Expect: 100-continue\r\nExpect: more\r\n\r\n`,
        `${POST}Expect: 100-continue;a=b\r\n\r\n`,
      ],
    ],
    CONNECT: ['ERR_METHOD_UNSUPPORTED', ['CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n']],
    'targets over the limit': [
      'ERR_TARGET_TOO_LONG',
      [
        `GET /${'t'.repeat(200)} HTTP/1.1\r\nHost: a\r\n\r\n`,
        `GET /${'t'.repeat(200)}`, // certain without its end
        `${'M'.repeat(32)} /${'t'.repeat(2000)}`, // and before the head is too large
      ],
    ],
    'heads over the limit': [
      'ERR_HEAD_TOO_LARGE',
      [
        `${GET}\r\nHost: a\r\nA: ${'b'.repeat(1000)}\r\n\r\n`,
        `${GET}\r\nHost: a\r\nA: ${'b'.repeat(1000)}`, // that never end
        `${GET}\r\n${`A: ${'b'.repeat(95)}\r\n`.repeat(10)}`,
        `${GET}\r\n${'A: b\r\n'.repeat(21)}`,
        `${GET}\r\nHost: a\r\n${'A: b\r\n'.repeat(20)}\r\n`,
      ],
    ],
    'bodies over the limit': [
      'ERR_BODY_TOO_LARGE',
      [`${POST}Content-Length: 1001\r\n\r\n`, `${POST}Content-Length: 999999999999999\r\n\r\nx`],
    ],
  };
  for (const [what, [code, texts]] of Object.entries(refused)) {
    it(`refuses ${what}, however they arrive`, () => {
      for (const text of texts) {
        for (const pieces of arrivals(text)) {
          const told = `${JSON.stringify(text)} as ${pieces.map(String).join('|')}`;
          expect(readRequests(pieces), told).to.deep.equal({ parts: [], refused: code });
        }
      }
    });
  }

  it('takes a head of exactly the limit, and refuses the same with a byte more', () => {
    const start = `${GET}\r\nHost: a\r\nA: `;
    const room = limits.head - `${start}\r\n\r\n`.length;
    for (const size of [room, room + 1]) {
      for (const pieces of arrivals(`${start}${'b'.repeat(size)}\r\n\r\n`)) {
        const { refused: code } = readRequests(pieces);
        expect(code).to.equal(size === room ? undefined : 'ERR_HEAD_TOO_LARGE');
      }
    }
  });

  it('refuses an unfinished head of exactly the limit: a byte more is needed in any case', () => {
    const text = `${GET}\r\nHost: a\r\nA: ${'b'.repeat(limits.head)}`.slice(0, limits.head);
    expect(readRequests([latin1(text.slice(0, -1))]).refused).to.equal(undefined);
    expect(readRequests([latin1(text)]).refused).to.equal('ERR_HEAD_TOO_LARGE');
  });

  it('takes as many fields as are allowed', () => {
    const text = `${GET}\r\nHost: a\r\n${'A: b\r\n'.repeat(limits.fields - 1)}\r\n`;
    expect(readRequests([latin1(text)]).parts.at(-1)).to.deep.equal(END);
  });

  it('takes a body of exactly the limit', () => {
    const text = `${POST}Content-Length: ${limits.body}\r\n\r\n${'x'.repeat(limits.body)}`;
    const { parts, refused: code } = readRequests([latin1(text)]);
    expect([parts.at(-1), code]).to.deep.equal([END, undefined]);
  });

  it('refuses a start line over the limit of the head, if the target may be longer', () => {
    const within = { ...limits, head: 100, target: 1000 };
    const line = `GET /${'t'.repeat(90)} HTTP/1.1\r\n`;
    for (const text of [line, line.slice(0, -4), `${line}Host: a\r\n\r\n`]) {
      for (const pieces of arrivals(text)) {
        expect(readRequests(pieces, within).refused).to.equal('ERR_HEAD_TOO_LARGE');
      }
    }
  });

  it('counts the limits for each request anew', () => {
    const text = `${GET}\r\nHost: a\r\n${`A: ${'b'.repeat(50)}\r\n`.repeat(15)}\r\n`;
    expect(text.length).to.be.greaterThan(limits.head * 0.8);
    const { parts, refused: code } = readRequests([latin1(text.repeat(5))]);
    expect([parts.length, code]).to.deep.equal([10, undefined]);
  });

  it('refuses the 2nd request of a smuggler, and hands out the 1st', () => {
    // CL.TE with a body that looks like a request to whoever believes the other field.
    const text = `${POST}Content-Length: 4\r\n\r\nabcd0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n`;
    for (const pieces of arrivals(text)) {
      const { parts, refused: code } = readRequests(pieces);
      expect(parts.map(({ kind }) => kind)).to.deep.equal(['head', 'body', 'end']);
      expect(code).to.equal('ERR_HEAD_MALFORMED');
    }
  });

  it('throws the same again and again, whatever is pushed', () => {
    const reader = new RequestReader(limits);
    reader.push(latin1('bad\r\n'));
    const thrown = [1, 2].map(() => {
      try {
        reader.next();
      } catch (cause) {
        reader.push(latin1(`${GET}\r\nHost: a\r\n\r\n`));
        return cause;
      }
      return undefined;
    });
    expect(thrown[0]).to.be.instanceOf(Error);
    expect(thrown[1]).to.equal(thrown[0]);
  });

  it('says in which phase it is and how much is waiting', () => {
    const reader = new RequestReader(limits);
    const now = () => [reader.phase, reader.waiting];
    const seen: (string | number)[][] = [now()];
    const step = (text: string) => {
      reader.push(latin1(text));
      seen.push(now());
      const part = reader.next();
      seen.push([part?.kind ?? 'more', ...now()]);
    };
    step('POST / HT');
    step('TP/1.1\r\nHost: a\r\n');
    step('Content-Length: 2\r\n\r\n');
    step('abGE');
    step('');
    expect(seen).to.deep.equal([
      ['idle', 0],
      ['head', 9],
      ['more', 'head', 9],
      ['head', 26],
      ['more', 'head', 0], // the line is read, the head is not
      ['head', 21],
      ['head', 'body', 0],
      ['body', 4],
      ['body', 'body', 2],
      ['body', 2],
      ['end', 'head', 2], // the next one has begun
    ]);
  });

  it('is idle again behind a request, with or without the empty line of old clients', () => {
    for (const text of [`${GET}\r\nHost: a\r\n\r\n`, `${GET}\r\nHost: a\r\n\r\n\r\n`]) {
      const reader = new RequestReader(limits);
      readAll(reader, [latin1(text)]);
      expect(reader.phase).to.equal('idle');
    }
  });

  it('gives away what it has not read, for a tunnel', () => {
    const reader = new RequestReader(limits);
    reader.push(latin1(`${GET}\r\nHost: a\r\n\r\n\x81\x00raw`));
    expect([reader.next()?.kind, reader.next()?.kind]).to.deep.equal(['head', 'end']);
    expect(reader.rest().toString('latin1')).to.equal('\x81\x00raw');
    expect([reader.rest().length, reader.waiting]).to.deep.equal([0, 0]);
  });

  it('reads any requests that were written, wherever they are cut', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 4 }), fc.array(fc.nat(2000)), (all, cuts) => {
        const bytes = latin1(all.map(({ text }) => text).join(''));
        const { parts, refused: code } = readRequests(cutAt(bytes, cuts));
        expect(code).to.equal(undefined);
        expect(parts).to.deep.equal(all.flatMap(each => each.parts));
      }),
    );
  });

  it('reads any bytes to the same end, wherever they are cut', () => {
    // Bytes that matter, so that some of it is nearly right.
    const nearly = fc.constantFrom(
      ...[
        'GET ',
        '/',
        ' HTTP/1.1',
        'Host',
        ':',
        ' ',
        'a',
        '\r\n',
        '\r',
        '\n',
        '\t',
        '\0',
        '5',
        ';',
      ],
      ...['\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked', '0', 'Host: a\r\n'],
    );
    const start = fc.constantFrom(
      '',
      `${GET}\r\nHost: a\r\n`,
      `${POST}Transfer-Encoding: chunked\r\n`,
    );
    const noise = fc
      .tuple(start, fc.array(nearly, { maxLength: 30 }))
      .map(([a, b]) => a + b.join(''));
    fc.assert(
      fc.property(noise, fc.array(fc.nat(300)), (text, cuts) => {
        const whole = readRequests([latin1(text)]);
        expect(readRequests(cutAt(latin1(text), cuts))).to.deep.equal(whole);
      }),
      { numRuns: 1000 },
    );
  });
});

const chars = (from: string, constraints: { minLength?: number; maxLength?: number }) =>
  fc.string({ unit: fc.constantFrom(...Array.from(from)), ...constraints });
const name = chars('ABCxyz-_1', { minLength: 1, maxLength: 8 }).map(text => `X${text}`);
const value = chars('abc ,;:="\t\xe9', { maxLength: 12 }).map(text =>
  text.replace(/^[ \t]+|[ \t]+$/g, ''),
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 5 });
const content = chars('ab\r\n0;:\0\xff', { maxLength: 60 });

const lines = (all: readonly Field[]) => all.map(([key, text]) => `${key}: ${text}\r\n`).join('');

/** A framing, and the same content in it. */
const framed = fc.oneof(
  fc.constant({ framing: NONE, field: [] as Field[], text: '', body: '', trailers: [] as Field[] }),
  content.map(text => ({
    framing: length(text.length),
    field: [['Content-Length', String(text.length)]] as Field[],
    text,
    body: text,
    trailers: [] as Field[],
  })),
  fc.tuple(fc.array(content.filter(text => text !== '')), fields).map(([chunks, trailers]) => ({
    framing: CHUNKED,
    field: [['transfer-encoding', 'chunked']] as Field[],
    text: `${chunks.map(chunk => `${chunk.length.toString(16)};x\r\n${chunk}\r\n`).join('')}0\r\n${lines(trailers)}\r\n`,
    body: chunks.join(''),
    trailers,
  })),
);

/** A request as it is sent, and the parts that it consists of. */
const request = fc
  .tuple(fc.constantFrom('GET', 'POST', 'PURGE'), fields, framed)
  .map(([method, others, { framing, field, text, body: all, trailers }]) => {
    const sent: Field[] = [HOST, ...others, ...field];
    const line = `${method} /p HTTP/1.1`;
    return {
      text: `${line}\r\n${lines(sent)}\r\n${text}`,
      parts: [
        head(line, sent, framing),
        ...(all === '' ? [] : [body(all)]),
        { kind: 'end', trailers },
      ] as readonly Told<RequestPart>[],
    };
  });
