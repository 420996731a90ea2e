/** Every reader of what strangers send: what must hold of it, and what its inputs are made of. */
import { expect } from 'chai';
import fc, { type Arbitrary } from 'fast-check';
import { ProxyReader } from '../../../src/http/proxy-protocol.js';
import { codeOf } from '../../../src/kernel/errors.js';
import { exchangeId, sessionId, share, versionId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import { decodeFromFrontend, decodeFromWorker, encode } from '../../../src/wire/batch.js';
import {
  decodeFromControl,
  decodeFromFollower,
  encodeMessage,
} from '../../../src/wire/control-message.js';
import { kinds } from '../../../src/wire/envelope.js';
import { takenFrom, withoutOurs } from '../../../workers/sessions/request-cookie.js';
import { recognised, signed } from '../../../workers/sessions/signed-cookie.js';
import type { Fuzzing } from '../../support/fuzzer.js';
import { cutAt, latin1 } from './arrivals.js';
import { judgeAnswer } from './fuzz-answers.js';
import { nearlyAnswers, nearlyRequests } from './fuzz-grammar.js';
import { cutsFrom, judgeRequests } from './fuzz-requests.js';

export type Target = Pick<Fuzzing, 'judge' | 'begin' | 'words' | 'mostBytes' | 'isOurs'>;

const within = (...folders: readonly string[]) => {
  return (url: string) => folders.some(folder => url.includes(`/dist/${folder}`));
};

/** Always the same ones. */
const samples = (of: Arbitrary<string>, count: number): readonly Buffer[] =>
  fc.sample(of, { seed: 7, numRuns: count }).map(latin1);

const HTTP_WORDS = [
  ...['\r\n', '\r\n\r\n', '\n', '\r', ' ', '\t', ':', ';', ',', '0', '5', 'ffffffffffffffff'],
  ...['HTTP/1.1', 'HTTP/1.0', 'Host: a\r\n', 'Connection: close\r\n', 'Connection: '],
  ...['Content-Length: 5\r\n', 'Content-Length: ', 'Transfer-Encoding: chunked\r\n', 'chunked'],
  ...['5\r\nhello\r\n', '0\r\n\r\n', ';a=b', ';a="b"', 'Trailer: x\r\n', 'Upgrade: websocket\r\n'],
  ...['Connection: Upgrade\r\n', 'Expect: 100-continue\r\n', 'Cookie: cutover=x; a=b\r\n'],
];

const requests: Target = {
  judge: judgeRequests,
  begin: [
    latin1('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    latin1('POST http://b/x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello'),
    latin1(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\nX: y\r\n\r\n',
    ),
    latin1('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, x\r\nUpgrade: websocket\r\n\r\n'),
    ...samples(nearlyRequests, 40),
  ],
  words: [...HTTP_WORDS, 'GET ', 'POST ', ' / ', 'http://', '*', '%00', 'X-Forwarded-For: z\r\n'],
  mostBytes: 600,
  isOurs: within('src/http/', 'src/frontend/incoming', 'workers/sessions/'),
};

const METHODS = ['GET', 'HEAD', 'POST'] as const;

const answers: Target = {
  /** The first byte says what was asked, and whether the server closes behind the last. */
  judge(bytes) {
    const [how = 0] = bytes;
    judgeAnswer(bytes.subarray(1), METHODS[how % 3] ?? 'GET', how % 2 === 1);
  },
  begin: samples(nearlyAnswers, 40).flatMap((bytes, at) => [Buffer.concat([Buffer.of(at), bytes])]),
  words: [...HTTP_WORDS, ' 200 OK', ' 204 x', ' 304 x', ' 100 x', ' 101 x', ' 103 x'],
  mostBytes: 600,
  isOurs: within('src/http/'),
};

const WIRE_CODES = ['ERR_WIRE_MALFORMED', 'ERR_WIRE_VERSION'];

/** What is understood says the same when it is packed and read again; all else is refused by its code. */
function judgeWire<Message>(
  bytes: Buffer,
  decode: (packed: Buffer) => Message,
  again: (message: Message) => Buffer,
): void {
  let message: Message;
  try {
    message = decode(Buffer.from(bytes));
  } catch (cause) {
    expect(WIRE_CODES, String(cause)).to.include(codeOf(cause));
    return;
  } finally {
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  }
  expect(decode(again(message))).to.deep.equal(message);
}

const id = exchangeId(77);
const body = Buffer.from('hello');
const version = versionId('11111111-2222-3333-4444-555555555555');
const [NUL, LIST, MAP, BYTES, TEXT] = ['\xc0', '\x91', '\x81', '\xc4\x01a', '\xa1a'];
const NUMBERS = [
  '\xcf\xff\xff\xff\xff\xff\xff\xff\xff',
  '\xcb\x7f\xf8\0\0\0\0\0\0',
  '\xd3\x80\0\0\0\0\0\0\0',
];
const WIRE_WORDS = [
  ...[NUL, LIST, MAP, BYTES, TEXT, ...NUMBERS, '\x92\x02', '\x92\x02\x91', '\x93', '\x94', '\x82'],
  ...['\xdc\0\x10', '\xdd\0\0\0\x01', '\xdd\xff\xff\xff\xff', '\xde\0\x01', '\xdf\0\0\0\x01'],
  ...[
    '\xc7\0\x01',
    '\xd4\x72\x40',
    '\xd6\xff\0\0\0\0',
    '\xc6\xff\xff\xff\xff',
    '\xdb\xff\xff\xff\xff',
  ],
  ...['\xa9__proto__', '\xabconstructor', '\xa4kind', '\xa6length', '\xc2', '\xc3', '\xff', '\x7f'],
];

const wire: Target = {
  judge(bytes) {
    judgeWire(bytes, decodeFromWorker, encode);
    judgeWire(bytes, decodeFromFrontend, encode);
  },
  begin: [
    encode([[kinds.hello, 'w', 1000, 'host-1', 'a'], [kinds.beat], [kinds.goodbye]]),
    encode([
      [kinds.welcome, 'f', 1000, true],
      [kinds.farewell],
      [kinds.stranger],
      [kinds.cancel, id],
    ]),
    encode([[kinds.request, id, 'GET', 'GET / HTTP/1.1\r\n\r\n', false, body, true]]),
    encode([
      [kinds.answer, id, 200, 'OK', 'X: y\r\n', 1, body, true, '', null],
      [kinds.again, id],
    ]),
    encode([
      [kinds.interim, id, 103, 'x', 'Link: y\r\n'],
      [kinds.failure, id, 'ERR_SPOOL', 'x', null],
    ]),
    encode([
      [kinds.part, id, body, false, 'X: y\r\n'],
      [kinds.credit, id, 5],
    ]),
    encode([[kinds.table, body]]),
  ],
  words: WIRE_WORDS,
  mostBytes: 300,
  isOurs: within('src/wire/'),
};

const table = firstTable({
  id: version,
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'GRADUAL', percentageTransitionPerRequest: 1 },
});

const summary = { exchanges: 3, failed: 1, delays: { 7: 3 }, sizes: { 12: 3 } };
const tally = {
  ...summary,
  failedBy: { '5xx': 1 },
  different: 0,
  repeats: 1,
  routes: { 'GET /a': summary },
};

const control: Target = {
  judge(bytes) {
    judgeWire(bytes, decodeFromControl, encodeMessage);
    judgeWire(bytes, decodeFromFollower, encodeMessage);
  },
  begin: [
    encodeMessage({ kind: 'beat' }),
    encodeMessage({ kind: 'stranger' }),
    encodeMessage({ kind: 'acknowledge', edition: 3 }),
    encodeMessage({
      kind: 'follow',
      role: 'worker',
      name: 'w',
      edition: 3,
      progress: { version, share: share(0.5) },
    }),
    encodeMessage({ kind: 'table', table, keys: ['a2V5'] }),
    encodeMessage({
      kind: 'progress',
      progress: { version, share: share(0.25), isHeld: false, taken: 3 },
    }),
    encodeMessage({
      kind: 'report',
      report: {
        sequence: 1,
        versions: [
          { version, counted: 3, tally, examples: [], sessions: [{ at: 0, sessions: [5] }] },
        ],
      },
    }),
  ],
  words: WIRE_WORDS,
  mostBytes: 900,
  isOurs: within('src/wire/', 'src/versions/'),
};

/** Source and security, and what stands behind the header; or the code of the refusal. */
function proxied(pieces: readonly Buffer[]): unknown {
  const reader = new ProxyReader();
  try {
    for (const [at, piece] of pieces.entries()) {
      reader.push(piece);
      const header = reader.next();
      if (header === undefined) continue;
      const rest = Buffer.concat([header.rest, ...pieces.slice(at + 1)]).toString('latin1');
      return { ...header, rest };
    }
    return 'more';
  } catch (cause) {
    return codeOf(cause);
  }
}

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

const proxy: Target = {
  judge(bytes) {
    const whole = proxied([bytes]);
    expect(proxied(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).to.deep.equal(whole);
    for (const cuts of cutsFrom(bytes)) expect(proxied(cutAt(bytes, cuts))).to.deep.equal(whole);
    if (typeof whole === 'string') expect(['more', 'ERR_PROXY_HEADER']).to.include(whole);
    else expect(bytes.toString('latin1').endsWith((whole as { rest: string }).rest)).to.equal(true);
    const { source } = whole as { source?: string };
    if (source !== undefined) expect(source).to.match(/^[0-9a-fA-F.:]{2,45}$/); // goes into a field
  },
  begin: [
    latin1('PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\nGET'),
    latin1('PROXY TCP6 ::1 1:2:3:4:5:6:1.2.3.4 0 80\r\n'),
    latin1('PROXY UNKNOWN x\r\n'),
    latin1(`${SIGNATURE}\x21\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02GET`),
    latin1(`${SIGNATURE}\x21\x21\0\x2c${'\0'.repeat(36)}\x20\0\x05\x01\0\0\0\0`),
    latin1(`${SIGNATURE}\x20\0\0\0`),
  ],
  words: [
    'PROXY ',
    'TCP4 ',
    'TCP6 ',
    'UNKNOWN',
    ' ',
    '::',
    '.',
    '255',
    '0',
    '\r\n',
    SIGNATURE,
    '\x21\x11\0\x0c',
  ],
  mostBytes: 300,
  isOurs: within('src/http/proxy'),
};

const keys = [{ secret: Buffer.alloc(32, 1) }, { secret: Buffer.alloc(32, 2) }];
const session = { id: sessionId('AAAAAAAAAAAAAAAAAAAAAA'), version, lastSeen: 5, bucket: 0.5 };
const cookie = signed(session, keys);

const cookies: Target = {
  judge(bytes) {
    const text = bytes.toString('latin1');
    const head = `GET / HTTP/1.1\r\nHost: a\r\nCookie: ${text.replaceAll(/[\r\n\0]/g, '')}\r\nX: y\r\n\r\n`;
    for (const from of [head, text]) {
      const { values, head: left } = takenFrom(from);
      expect(values.length).to.be.at.most(4);
      expect(takenFrom(left).values, 'all of ours are taken').to.deep.equal([]);
      // Whoever signed it: what is believed is spelt in the one way that we write.
      for (const value of [...values, text]) {
        const known = recognised(value, keys);
        if (known !== undefined) {
          expect([signed(known.session, keys), signed(known.session, keys.slice(1))]).to.include(
            value,
          );
        }
      }
    }
    expect(takenFrom(head).head).to.match(/^GET \/ HTTP\/1\.1\r\nHost: a\r\n[^]*X: y\r\n\r\n$/);
    const fields = `Set-Cookie: ${text.replaceAll(/[\r\n\0]/g, '')}\r\nX: y\r\n`;
    expect(withoutOurs(withoutOurs(fields))).to.equal(withoutOurs(fields));
    expect(withoutOurs(fields)).to.match(/X: y\r\n$/);
  },
  begin: [
    latin1(`cutover=${cookie}; a=b`),
    latin1(`a=b; cutover="${cookie}"; cutover=x`),
    latin1(`\r\nCookie: cutover=${cookie}\r\ncookie:a=b;cutover=1\r\n\r\n`),
    latin1(cookie),
    latin1('cutover = x; Path=/'),
  ],
  words: [
    'cutover=',
    'cutover',
    '=',
    ';',
    '; ',
    '"',
    ' ',
    '\t',
    ',',
    '\r\nCookie: ',
    '\r\n\r\n',
    '1.',
    cookie,
  ],
  mostBytes: 400,
  isOurs: within('workers/sessions/'),
};

export const targets: Readonly<Record<string, Target>> = {
  requests,
  answers,
  'the device': wire,
  "control's channel": control,
  'the PROXY header': proxy,
  'our cookie': cookies,
};
