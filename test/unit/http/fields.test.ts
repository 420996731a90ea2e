import { expect } from 'chai';
import fc from 'fast-check';
import {
  answerFields,
  answerHead,
  asksUpgrade,
  chunkEnd,
  chunkHead,
  expectsContinue,
  framingForClient,
  keepsAlive,
  lastChunk,
  requestForServer,
  tokensOf,
  trailerLines,
  valuesOf,
  type AboutAnswer,
  type AboutRequest,
} from '../../../src/http/fields.js';
import type { AnswerHead, Field, RequestHead } from '../../../src/http/message.js';
import { latin1, limits, readAnswer, readRequests } from './arrivals.js';

/** `Name: value` → a field. */
function fieldsOf(lines: readonly string[]): readonly Field[] {
  return lines.map(line => {
    const [name = '', value = ''] = line.split(': ');
    return [name, value];
  });
}

function request(line: string, ...lines: readonly string[]): RequestHead {
  const [method = '', target = '', version] = line.split(' ');
  const is10 = version === 'HTTP/1.0';
  return { method, target, version: is10 ? '1.0' : '1.1', fields: fieldsOf(lines) };
}

const answer = (status: number, ...lines: readonly string[]): AnswerHead => ({
  version: '1.1',
  status,
  reason: '',
  fields: fieldsOf(lines),
});

const GET = 'GET / HTTP/1.1';
const GET10 = 'GET / HTTP/1.0';

describe('valuesOf', () => {
  it('finds all values of a name in any spelling, in their order', () => {
    const head = request(GET, 'A: 1', 'b: 2', 'a: 3', 'AB: 4');
    expect(valuesOf(head, 'a')).to.deep.equal(['1', '3']);
    expect(valuesOf(head, 'c')).to.deep.equal([]);
  });
});

describe('tokensOf', () => {
  const rows: readonly (readonly [lines: string[], tokens: string[]])[] = [
    [[], []],
    [['A: '], []],
    [['A: B'], ['b']],
    [['A: B,c'], ['b', 'c']],
    [['A: ,b ,\t, c,'], ['b', 'c']], // RFC 9110 §5.6.1.2: empty members mean nothing
    [
      ['A: b, c', 'x: y', 'a: D'],
      ['b', 'c', 'd'],
    ],
    [['A: ', 'A: b'], ['b']],
  ];
  for (const [lines, tokens] of rows) {
    it(`finds ${JSON.stringify(tokens)} in ${JSON.stringify(lines)}`, () => {
      expect(tokensOf(request(GET, ...lines), 'a')).to.deep.equal(tokens);
    });
  }
});

describe('tokensOf, attacked', () => {
  it('takes blanks that no comma follows in its stride', () => {
    // A pattern that takes blanks up to a comma would look 2 · 10^10 times, and miss the time-out.
    const value = `a${' '.repeat(200_000)}b,c`;
    const tokens = tokensOf({ fields: [['A', value]] }, 'a');
    expect(tokens).to.deep.equal([value.slice(0, -2), 'c']);
  });

  it('takes nothing else for white space', () => {
    expect(tokensOf(request(GET, 'A: \xa0close,\x0bclose'), 'a')).to.not.include('close');
  });
});

describe('keepsAlive', () => {
  const rows: readonly (readonly [
    line: string,
    connection: string | undefined,
    isKept: boolean,
  ])[] = [
    [GET, undefined, true],
    [GET, 'close', false],
    [GET, 'Close, x', false],
    [GET, 'keep-alive', true],
    [GET, 'keep-alive, close', false], // RFC 9112 §9.3: close is asked for first
    [GET, 'closed', true],
    [GET10, undefined, false],
    [GET10, 'Keep-Alive', true],
    [GET10, 'x, keep-alive', true],
    [GET10, 'close', false],
    [GET10, 'close, keep-alive', false],
  ];
  for (const [line, connection, isKept] of rows) {
    it(`is ${isKept} for ${line.slice(-8)} with Connection: ${connection ?? '(none)'}`, () => {
      const lines = connection === undefined ? [] : [`Connection: ${connection}`];
      expect(keepsAlive(request(line, ...lines))).to.equal(isKept);
    });
  }
});

describe('expectsContinue', () => {
  it('is true of the one expectation, in any spelling', () => {
    expect(expectsContinue(request(GET, 'expect: 100-Continue'))).to.equal(true);
  });

  it('is false without it, and in HTTP/1.0', () => {
    expect(expectsContinue(request(GET))).to.equal(false);
    expect(expectsContinue(request(GET10, 'Expect: 100-continue'))).to.equal(false);
  });
});

describe('asksUpgrade', () => {
  const rows: readonly (readonly [line: string, fields: string[], protocol: string | undefined])[] =
    [
      [GET, ['Connection: Upgrade', 'Upgrade: WebSocket'], 'websocket'],
      [GET, ['Connection: keep-alive, upgrade', 'Upgrade: websocket'], 'websocket'],
      [GET, ['Connection: upgrade', 'Upgrade: h2c, websocket'], 'websocket'],
      [GET, ['Connection: upgrade', 'Upgrade: h2c'], undefined], // smuggles past a proxy
      [GET, ['Upgrade: websocket'], undefined],
      [GET, ['Connection: upgrade'], undefined],
      [GET10, ['Connection: upgrade', 'Upgrade: websocket'], undefined],
    ];
  for (const [line, fields, protocol] of rows) {
    it(`is ${protocol ?? 'nothing'} for ${line.slice(-8)}, ${fields.join(', ')}`, () => {
      expect(asksUpgrade(request(line, ...fields), ['websocket'])).to.equal(protocol);
    });
  }
});

const about: AboutRequest = {
  framing: { kind: 'none' },
  client: '10.0.0.9',
  scheme: 'http',
  forwarded: 'replace',
  upgrade: undefined,
};

/** Lines of a head, without the empty one, of which there must be one. */
function linesOf(head: string): readonly string[] {
  expect(head.slice(-4)).to.equal('\r\n\r\n');
  return head.slice(0, -4).split('\r\n');
}

const sent = (head: RequestHead, more: Partial<AboutRequest> = {}) =>
  linesOf(requestForServer(head, { ...about, ...more }));

const OURS = ['X-Forwarded-For: 10.0.0.9', 'X-Forwarded-Proto: http'];
const HOSTED = [...OURS, 'X-Forwarded-Host: a', 'Via: 1.1 cutover'];

describe('requestForServer', () => {
  it('keeps order and spelling of what goes on, and adds ours behind it', () => {
    const head = request('PUT /a?b HTTP/1.1', 'B: 1', 'hOST: a', 'a: 2', 'B: 3', 'Empty: ');
    expect(sent(head)).to.deep.equal([
      'PUT /a?b HTTP/1.1',
      ...['B: 1', 'hOST: a', 'a: 2', 'B: 3', 'Empty: '],
      ...HOSTED,
    ]);
  });

  it('ends what is hop by hop, and what Connection names', () => {
    const head = request(
      GET,
      'Host: a',
      'Connection: close, X-Own, x-other',
      'Connection: Keep-Alive',
      'Keep-Alive: 5',
      'Proxy-Connection: close',
      'TE: trailers',
      'Transfer-Encoding: chunked',
      'Upgrade: h2c',
      'HTTP2-Settings: x',
      'Expect: 100-continue',
      'Close: x',
      'X-OWN: 1',
      'X-Other: 2',
      'X-Others: 3',
    );
    expect(sent(head)).to.deep.equal([GET, 'Host: a', 'X-Others: 3', ...HOSTED]);
  });

  it('lets nobody take away what the server must see by naming it in Connection', () => {
    const kept = ['Authorization: 1', 'Cookie: 2', 'Content-Type: 3', 'Range: 4', 'Via: 1.1 x'];
    const names = 'host, authorization, Cookie, content-length, content-type, range, via';
    const head = request(GET, 'Host: a', `Connection: ${names}`, ...kept);
    expect(sent(head)).to.deep.equal([GET, 'Host: a', ...kept, ...HOSTED]);
    const trusted = request(GET, 'Host: a', 'Connection: X-Forwarded-For', 'X-Forwarded-For: 1');
    expect(sent(trusted, { forwarded: 'append' })).to.include('X-Forwarded-For: 1, 10.0.0.9');
  });

  it('ends what CGI would take for a field that we act on', () => {
    const head = request(
      GET,
      'Host: a',
      'Content_Length: 5',
      'transfer_encoding: chunked',
      'X_Forwarded_For: 1',
      'X-Forwarded_Proto: https',
      'X_Real_IP: 1',
      'Keep_Alive: 1',
      'Proxy_Connection: 1',
      'HTTP2_Settings: 1',
      'X_Own: 1', // not ours to judge
    );
    for (const forwarded of ['replace', 'append'] as const) {
      expect(sent(head, { forwarded })).to.deep.equal([GET, 'Host: a', 'X_Own: 1', ...HOSTED]);
    }
  });

  const framed: readonly (readonly [
    received: string[],
    framing: AboutRequest['framing'],
    sent: string[],
  ])[] = [
    [[], { kind: 'none' }, []],
    [['Content-Length: 5'], { kind: 'none' }, []],
    [['Transfer-Encoding: chunked'], { kind: 'none' }, []],
    [[], { kind: 'length', bytes: 5 }, ['Content-Length: 5']],
    [['content-length: 7', 'A: b'], { kind: 'length', bytes: 5 }, ['content-length: 5', 'A: b']],
    [['Content-Length: 0'], { kind: 'length', bytes: 0 }, ['Content-Length: 0']],
    [['Transfer-Encoding: chunked'], { kind: 'length', bytes: 5 }, ['Content-Length: 5']],
    [['Transfer-Encoding: Chunked'], { kind: 'chunked' }, ['Transfer-Encoding: chunked']],
    [['Content-Length: 5'], { kind: 'chunked' }, ['Transfer-Encoding: chunked']],
    [['Trailer: A'], { kind: 'chunked' }, ['Trailer: A', 'Transfer-Encoding: chunked']],
    [['Trailer: A'], { kind: 'length', bytes: 5 }, ['Content-Length: 5']], // none can be sent
  ];
  for (const [received, framing, lines] of framed) {
    it(`frames as told: ${framing.kind} where ${received.join(', ') || 'nothing'} was said`, () => {
      const head = request(GET, 'Host: a', ...received);
      expect(sent(head, { framing })).to.deep.equal([GET, 'Host: a', ...lines, ...HOSTED]);
    });
  }

  const targets: readonly (readonly [line: string, hosts: string[], start: string[]])[] = [
    ['GET http://b:8/c?d HTTP/1.1', ['Host: a'], ['GET /c?d HTTP/1.1', 'Host: b:8']],
    ['GET http://b HTTP/1.1', ['Host: a'], ['GET / HTTP/1.1', 'Host: b']],
    ['GET http://b/c HTTP/1.0', [], ['GET /c HTTP/1.1', 'Host: b']],
    ['OPTIONS http://b HTTP/1.1', ['Host: a'], ['OPTIONS * HTTP/1.1', 'Host: b']],
    ['OPTIONS * HTTP/1.1', ['Host: a'], ['OPTIONS * HTTP/1.1', 'Host: a']],
  ];
  for (const [line, hosts, start] of targets) {
    it(`asks for ${start.join(', ')} instead of ${line}`, () => {
      const lines = sent(request(line, ...hosts));
      expect(lines.slice(0, 2)).to.deep.equal(start);
      expect(lines.filter(each => each.startsWith('Host'))).to.have.length(1);
      expect(lines).to.include(`X-Forwarded-${start[1] ?? ''}`);
    });
  }

  it('sends an empty Host for HTTP/1.0 clients that named none, and tells nobody of it', () => {
    expect(sent(request(GET10, 'A: b'))).to.deep.equal([
      ...[GET, 'Host: ', 'A: b'],
      ...OURS,
      'Via: 1.0 cutover',
    ]);
  });

  const claims = [
    'X-Forwarded-For: 1.1.1.1',
    'x-forwarded-for: 2.2.2.2',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: b',
    'X-Forwarded-Port: 443',
    'Forwarded: for=1.1.1.1',
    'X-Real-IP: 1.1.1.1',
  ];

  it('replaces what a client claims about itself', () => {
    expect(sent(request(GET, 'Host: a', ...claims))).to.deep.equal([GET, 'Host: a', ...HOSTED]);
  });

  it('continues what a trusted proxy says', () => {
    const head = request(GET, 'Host: a', ...claims);
    expect(sent(head, { forwarded: 'append' })).to.deep.equal([
      ...[GET, 'Host: a', ...claims.slice(2)],
      'X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.9',
      'Via: 1.1 cutover',
    ]);
    expect(sent(request(GET, 'Host: a'), { forwarded: 'append' })).to.deep.equal([
      ...[GET, 'Host: a', ...HOSTED],
    ]);
  });

  it('says so if the client is unknown, and that it came encrypted', () => {
    const lines = sent(request(GET, 'Host: a'), { client: undefined, scheme: 'https' });
    expect(lines).to.include('X-Forwarded-For: unknown').and.include('X-Forwarded-Proto: https');
  });

  it('adds Via behind those before us', () => {
    const lines = sent(request(GET, 'Host: a', 'Via: 1.0 x', 'A: b'));
    expect(lines.filter(line => line.startsWith('Via'))).to.deep.equal([
      ...['Via: 1.0 x', 'Via: 1.1 cutover'],
    ]);
  });

  it('asks for one other protocol only', () => {
    const fields = ['Connection: keep-alive, Upgrade', 'Upgrade: h2c, websocket', 'Sec-A: b'];
    const lines = sent(request(GET, 'Host: a', ...fields), { upgrade: 'websocket' });
    expect(lines).to.deep.equal([
      ...[GET, 'Host: a', 'Sec-A: b', 'Connection: Upgrade', 'Upgrade: websocket'],
      ...HOSTED,
    ]);
  });

  it('is read by a server as it was read by us', () => {
    const name = fc
      .stringMatching(/^X-[A-Za-z-]{1,9}$/)
      .filter(text => !/forwarded|real/i.test(text));
    const value = fc.stringMatching(/^[!-~\xa0-\xff]{0,9}$/);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 5 }),
        fc.nat(99),
        (fields, bytes) => {
          const framing = { kind: 'length', bytes } as const;
          const head: RequestHead = {
            ...request('POST /a HTTP/1.1'),
            fields: [['Host', 'a'], ...fields],
          };
          const text = requestForServer(head, { ...about, framing });
          const [part] = readRequests([latin1(text)]).parts;
          expect(part).to.deep.equal({
            kind: 'head',
            head: {
              ...head,
              fields: [...head.fields, ['Content-Length', String(bytes)], ...fieldsOf(HOSTED)],
            },
            framing,
          });
        },
      ),
    );
  });
});

describe('answerFields', () => {
  it('keeps order and spelling, ends what is hop by hop, and adds Via', () => {
    const head = answer(
      200,
      'dATE: x',
      'Set-Cookie: 1',
      'Connection: X-Own, keep-alive',
      'Keep-Alive: 5',
      'Proxy-Connection: x',
      'Transfer-Encoding: chunked',
      'Upgrade: h2c',
      'x-own: 1',
      'Trailer: A',
      'Via: 1.1 x',
      'Set-Cookie: 2',
      'Content-Length: 5',
    );
    expect(answerFields(head, false).split('\r\n')).to.deep.equal([
      ...['dATE: x', 'Set-Cookie: 1', 'Trailer: A', 'Via: 1.1 x', 'Set-Cookie: 2'],
      ...['Content-Length: 5', 'Via: 1.1 cutover', ''],
    ]);
  });

  it('lets no server take away a cookie by naming it in Connection', () => {
    const head = answer(200, 'Connection: Set-Cookie', 'Set-Cookie: 1');
    expect(answerFields(head, false)).to.equal('Set-Cookie: 1\r\nVia: 1.1 cutover\r\n');
  });

  it('keeps the protocol that the connection changes to, if told', () => {
    const head = answer(101, 'Connection: upgrade', 'upgrade: websocket', 'Keep-Alive: 5');
    expect(answerFields(head, true)).to.equal('upgrade: websocket\r\nVia: 1.1 cutover\r\n');
    expect(answerFields(head, false)).to.equal('Via: 1.1 cutover\r\n');
  });

  for (const [status, isKept] of [
    [103, false],
    [204, false],
    [200, true],
    [304, true],
  ] as const) {
    it(`${isKept ? 'keeps' : 'drops'} a length in a ${status}`, () => {
      const text = answerFields(answer(status, 'content-length: 5'), false);
      expect(text.includes('content-length: 5\r\n')).to.equal(isKept);
    });
  }

  it('says which version the server spoke', () => {
    expect(answerFields({ ...answer(200), version: '1.0' }, false)).to.equal(
      'Via: 1.0 cutover\r\n',
    );
  });
});

describe('answerHead', () => {
  const rows: readonly (readonly [
    AboutAnswer['framing'],
    AboutAnswer['clientVersion'],
    keepAlive: boolean,
    added: string[],
  ])[] = [
    ['none', '1.1', true, []],
    ['length', '1.1', true, []],
    ['length', '1.1', false, ['Connection: close']],
    ['length', '1.0', true, ['Connection: keep-alive']],
    ['length', '1.0', false, ['Connection: close']],
    ['chunked', '1.1', true, ['Transfer-Encoding: chunked']],
    ['chunked', '1.1', false, ['Transfer-Encoding: chunked', 'Connection: close']],
    ['close', '1.1', false, ['Connection: close']],
    ['close', '1.0', true, ['Connection: close']], // nothing else could end it
    ['tunnel', '1.1', true, ['Connection: Upgrade']],
  ];
  for (const [framing, clientVersion, keepAlive, added] of rows) {
    it(`adds ${added.join(', ') || 'nothing'} for ${framing}, ${clientVersion}, ${keepAlive}`, () => {
      const fields = 'A: b\r\n';
      const head = { status: 200, reason: 'OK', fields, framing, clientVersion, keepAlive };
      expect(linesOf(answerHead(head))).to.deep.equal(['HTTP/1.1 200 OK', 'A: b', ...added]);
    });
  }

  it('keeps the space where there is no reason, and ends without fields as well', () => {
    const head = { status: 204, reason: '', fields: '', framing: 'none' } as const;
    const text = answerHead({ ...head, clientVersion: '1.1', keepAlive: true });
    expect(text).to.equal('HTTP/1.1 204 \r\n\r\n');
  });

  it('is read by a client as it was meant', () => {
    const fields = answerFields(answer(200, 'A: b'), false);
    const head = { status: 200, reason: 'OK', fields, framing: 'chunked' } as const;
    const text = answerHead({ ...head, clientVersion: '1.1', keepAlive: true });
    const [part] = readAnswer([latin1(text)]).parts;
    expect(part?.kind === 'head' && part.framing.kind).to.equal('chunked');
  });
});

describe('framingForClient', () => {
  const rows = [
    ['none', 'none', 'none'],
    ['length', 'length', 'length'],
    ['tunnel', 'tunnel', 'tunnel'],
    ['chunked', 'chunked', 'close'],
    ['close', 'chunked', 'close'],
  ] as const;
  for (const [framing, to11, to10] of rows) {
    it(`turns ${framing} into ${to11} for HTTP/1.1, into ${to10} for HTTP/1.0`, () => {
      expect(framingForClient(framing, '1.1')).to.equal(to11);
      expect(framingForClient(framing, '1.0')).to.equal(to10);
    });
  }
});

describe('chunks as they are written', () => {
  it('have their size in hexadecimal', () => {
    expect(chunkHead(65_535)).to.equal('ffff\r\n');
  });

  it('end with all trailers', () => {
    expect(lastChunk([])).to.equal('0\r\n\r\n');
    expect(
      lastChunk([
        ['A', 'b'],
        ['C', ''],
      ]),
    ).to.equal('0\r\nA: b\r\nC: \r\n\r\n');
    expect(trailerLines([['A', 'b']])).to.equal('A: b\r\n');
  });

  it('are read as they were meant', () => {
    const content = fc
      .uint8Array({ minLength: 1, maxLength: 300 })
      .map(bytes => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(content), all => {
        const chunks = all.map(each => chunkHead(each.length) + each.toString('latin1') + chunkEnd);
        const text = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}${lastChunk([['A', 'b']])}`;
        const { parts } = readRequests([latin1(text)], { ...limits, body: 1e6 });
        const body = parts.map(part => (part.kind === 'body' ? part.text : '')).join('');
        expect(body).to.equal(Buffer.concat(all).toString('latin1'));
        expect(parts.at(-1)).to.deep.equal({ kind: 'end', trailers: [['A', 'b']] });
      }),
    );
  });
});
