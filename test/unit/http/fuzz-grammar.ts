/** Messages that are nearly right: a grammar of HTTP/1.1 in which every part has well-known mistakes. */
import fc, { type Arbitrary } from 'fast-check';

/** Mostly the first ones, so that many a message has one mistake only. */
const mostly = (
  right: readonly string[],
  wrong: readonly string[],
  weight = 12,
): Arbitrary<string> =>
  fc.oneof(
    { arbitrary: fc.constantFrom(...right), weight },
    { arbitrary: fc.constantFrom(...wrong), weight: 1 },
  );

const joined = (...parts: readonly Arbitrary<string>[]): Arbitrary<string> =>
  fc.tuple(...parts).map(texts => texts.join(''));

const eol = mostly(['\r\n'], ['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\t\r\n', '\0\r\n', ''], 60);
const space = mostly([' '], ['', '  ', '\t', '\x0b', '\xa0'], 40);
const method = mostly(['GET', 'POST', 'PUT', 'HEAD'], ['get', 'G(T', 'PURGE', 'A'.repeat(33), '']);
const target = mostly(
  ['/', '/a?b=c', '/a/../b', '/%00', '*', 'http://b/c', '/\'"<>\\^`{|}'],
  [
    '',
    'a',
    '//',
    '/#f',
    '/\x80',
    '/\x7f',
    '/\0',
    'http://',
    'http://u@h/',
    'ftp://a/',
    'a:80',
    '/ b',
  ],
);
const version = mostly(
  ['HTTP/1.1', 'HTTP/1.0'],
  ['HTTP/1.2', 'HTTP/2.0', 'HTTP/1', 'http/1.1', 'HTTP/1.1 ', ''],
);
const host = mostly(
  ['Host: a', 'host: a.b:80', 'HOST:[::1]'],
  ['Host: a/b', 'Host :a', ' Host: a', 'Host:', 'X: y'],
);
const value = mostly(
  ['', 'a', 'a, b', '\tx\t', '\xe9'],
  ['a\0', '\x0b', 'a\rb', 'a\nb', '\x7f', 'a\r\n b'],
);
const name = mostly(
  ['X', 'Accept', 'cookie', 'Connection'],
  ['X ', 'X\t', 'X\0', '', ' X', 'X:', '(X)', 'X\x80', 'Y_Z'],
);
const other = joined(name, fc.constant(':'), value);
const connection = fc.constantFrom(
  'Connection: close',
  'Connection: keep-alive',
  'Connection: x, y',
);

const coding = mostly(
  ['chunked', 'CHUNKED', 'chunked ', '\tchunked'],
  [
    'gzip, chunked',
    'chunked, gzip',
    'identity',
    'xchunked',
    '"chunked"',
    'chunked;a',
    '\x0bchunked',
    '',
  ],
);
const te = joined(
  mostly(['Transfer-Encoding:'], ['Transfer-Encoding :', 'Transfer_Encoding:']),
  coding,
);
const lengthOf = (bytes: number) =>
  mostly(
    [String(bytes), `0${bytes}`, ` ${bytes} `],
    [
      `+${bytes}`,
      `-${bytes}`,
      `${bytes}, ${bytes}`,
      `0x${bytes}`,
      `${bytes}.0`,
      '',
      String(bytes + 1),
      '1e1',
      '9'.repeat(30),
    ],
  ).map(text => `Content-Length:${text}`);

const content = fc.constantFrom(
  '',
  'hello',
  '\r\n',
  '0\r\n\r\n',
  'GET /s HTTP/1.1\r\nHost: a\r\n\r\n',
  '\0\xff',
);
const extension = mostly(
  ['', '', ';a', ';a=b', ';a="b;c"', ';a="\\""'],
  [' ;a', '; a', ' ', ';', ';@', ';a="', ';a=b c', ';\xe9', ';a\0', ';a=\xe9', ',b'],
);
const size = (bytes: number) =>
  mostly(
    [bytes.toString(16), bytes.toString(16).toUpperCase(), `00${bytes.toString(16)}`],
    [
      `0x${bytes}`,
      `+${bytes}`,
      `-${bytes}`,
      ` ${bytes}`,
      'g',
      '',
      'f'.repeat(16),
      (bytes + 1).toString(16),
    ],
    25,
  );
const chunk = content
  .filter(text => text !== '')
  .chain(text => joined(size(text.length), extension, eol, fc.constant(text), eol));
const trailers = fc.array(joined(other, eol), { maxLength: 2 }).map(lines => lines.join(''));
const chunks = joined(
  fc.array(chunk, { maxLength: 3 }).map(all => all.join('')),
  mostly(['0', '000'], ['', '0x0', '-0']),
  extension,
  eol,
  trailers,
  eol,
);

interface Framed {
  readonly fields: readonly string[];
  readonly body: string;
}

const framed: Arbitrary<Framed> = fc.oneof(
  { arbitrary: fc.constant({ fields: [], body: '' }), weight: 3 },
  {
    arbitrary: content.chain(body => lengthOf(body.length).map(cl => ({ fields: [cl], body }))),
    weight: 4,
  },
  {
    arbitrary: fc.tuple(te, chunks).map(([field, body]) => ({ fields: [field], body })),
    weight: 5,
  },
  {
    arbitrary: fc
      .tuple(
        fc.shuffledSubarray(['cl', 'te', 'te', 'cl']),
        te,
        te,
        chunks,
        lengthOf(5),
        lengthOf(0),
      )
      .map(([order, one, two, body, five, zero]) => {
        const [tes, cls] = [
          [one, two],
          [five, zero],
        ];
        return { fields: order.map(each => (each === 'te' ? tes : cls).pop() ?? ''), body };
      }),
    weight: 1,
  },
);

/** The fields of framing stand anywhere between the others. */
const headed = (start: Arbitrary<string>, named: Arbitrary<string>): Arbitrary<string> =>
  fc
    .tuple(start, named, fc.array(fc.oneof(other, connection), { maxLength: 3 }), framed, fc.nat(3))
    .chain(([line, first, others, { fields, body }, at]) => {
      const all = [first, ...others.slice(0, at), ...fields, ...others.slice(at)];
      const lines = all.filter(each => each !== '').map(each => joined(fc.constant(each), eol));
      return joined(fc.constant(line), ...lines, eol, fc.constant(body));
    });

const requestLine = joined(method, space, target, space, version, eol);
const request = headed(requestLine, host);

/** One or several on a connection. */
export const nearlyRequests: Arbitrary<string> = fc
  .tuple(
    mostly([''], ['\r\n', '\r\n\r\n', '\n', ' ']),
    fc.array(request, { minLength: 1, maxLength: 3 }),
  )
  .map(([before, all]) => before + all.join(''));

const status = mostly(
  ['200 OK', '204 No Content', '304 x', '404 ', '500'],
  ['20 x', '2000 x', '600 x', '200', '100 Continue', '101 x', 'x'],
);
const statusLine = joined(
  mostly(['HTTP/1.1', 'HTTP/1.0'], ['HTTP/1.2', 'HTTP/2.0', 'http/1.1', '']),
  space,
  status,
  eol,
);

/** With interim ones before it, perhaps, or another one behind it. */
export const nearlyAnswers: Arbitrary<string> = fc
  .tuple(
    mostly(
      ['', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 x\r\nLink: y\r\n\r\n'],
      ['\r\n', '\n'],
    ),
    fc.array(headed(statusLine, fc.constantFrom('', 'Server: a')), { minLength: 1, maxLength: 2 }),
  )
  .map(([before, all]) => before + all.join(''));
