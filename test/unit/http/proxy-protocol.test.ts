import { expect } from 'chai';
import fc from 'fast-check';
import { ProxyReader } from '../../../src/http/proxy-protocol.js';
import { codeOf } from '../../../src/kernel/errors.js';
import { arrivals, cutAt, latin1 } from './arrivals.js';

/** What was found, or the code of the refusal, or that more is needed. */
function read(pieces: readonly Buffer[]) {
  const reader = new ProxyReader();
  try {
    for (const [at, piece] of pieces.entries()) {
      reader.push(piece);
      const found = reader.next();
      if (found === undefined) continue;
      const { source, secure, rest } = found;
      return { source, secure, rest: Buffer.concat([rest, ...pieces.slice(at + 1)]).toString() };
    }
  } catch (cause) {
    return codeOf(cause);
  }
  return 'more';
}

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex').toString('latin1');
const byte = String.fromCharCode;

/** Version 2: command, family, and what follows. */
const v2 = (command: number, family: number, block: string) =>
  SIGNATURE + byte(command, family, block.length >> 8, block.length & 255) + block;

const tcp4 = hex('0a000001 0a000002 1f90 01bb');
const tcp6 = (source: string) => `${hex(source)}${hex('00'.repeat(15))}\x01${hex('1f90 01bb')}`;
const tlv = (type: number, value: string) =>
  byte(type, value.length >> 8, value.length & 255) + value;
const ssl = (client: number) => tlv(0x20, `${byte(client)}\0\0\0\0${tlv(0x21, 'TLSv1.3')}`);

describe('ProxyReader', () => {
  const accepted: readonly (readonly [
    what: string,
    text: string,
    source: string | undefined,
    secure?: boolean,
  ])[] = [
    ['v1, IPv4', 'PROXY TCP4 10.0.0.1 10.0.0.2 56324 443\r\n', '10.0.0.1'],
    [
      'v1, the largest numbers',
      'PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n',
      '255.255.255.255',
    ],
    ['v1, IPv6', 'PROXY TCP6 2001:db8::1 ::1 1 2\r\n', '2001:db8::1'],
    [
      'v1, the longest line of its kind',
      `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
      `${'ffff:'.repeat(7)}ffff`,
    ],
    [
      'v1, IPv4 inside IPv6',
      'PROXY TCP6 ::ffff:1.2.3.4 1:2:3:4:5:6:1.2.3.4 1 2\r\n',
      '::ffff:1.2.3.4',
    ],
    ['v1, the unspecified address', 'PROXY TCP6 :: ::1 1 2\r\n', '::'],
    ['v1, unknown', 'PROXY UNKNOWN\r\n', undefined],
    ['v1, unknown, and more', 'PROXY UNKNOWN ff ff 1 2\r\n', undefined],
    ['v1, the longest line', `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`, undefined],
    ['v2, IPv4', v2(0x21, 0x11, tcp4), '10.0.0.1'],
    ['v2, IPv6', v2(0x21, 0x21, tcp6('20010db8000000010000000000000001')), '2001:db8:0:1::1'],
    [
      'v2, the first of equal runs',
      v2(0x21, 0x21, tcp6('00010000000000020003000000000004')),
      '1::2:3:0:0:4',
    ],
    [
      'v2, the longer of two runs',
      v2(0x21, 0x21, tcp6('00010000000000020000000000000004')),
      '1:0:0:2::4',
    ],
    [
      'v2, zeros at the end',
      v2(0x21, 0x21, tcp6('20010db8000000000000000000000000')),
      '2001:db8::',
    ],
    ['v2, zeros only', v2(0x21, 0x21, tcp6('00'.repeat(16))), '::'],
    ['v2, no zeros', v2(0x21, 0x21, tcp6('00010002000300040005000600070010')), '1:2:3:4:5:6:7:10'],
    ['v2, one zero', v2(0x21, 0x21, tcp6('00010000000300040005000600070008')), '1:0:3:4:5:6:7:8'],
    ['v2, UNIX', v2(0x21, 0x31, 'x'.repeat(216)), undefined],
    ['v2, unspecified', v2(0x21, 0x00, ''), undefined],
    ['v2, LOCAL', v2(0x20, 0x00, ''), undefined],
    ['v2, LOCAL with anything', v2(0x20, 0x99, 'anything'), undefined],
    ['v2, TLS', v2(0x21, 0x11, tcp4 + ssl(1)), '10.0.0.1', true],
    ['v2, TLS over UNIX', v2(0x21, 0x31, 'x'.repeat(216) + ssl(7)), undefined, true],
    ['v2, no TLS though it speaks of it', v2(0x21, 0x11, tcp4 + ssl(6)), '10.0.0.1', false],
    [
      'v2, other TLVs',
      v2(0x21, 0x11, `${tcp4}${tlv(1, 'h2')}${ssl(1)}${tlv(4, '')}`),
      '10.0.0.1',
      true,
    ],
    ['v2, an empty TLV of TLS', v2(0x21, 0x11, tcp4 + tlv(0x20, '')), '10.0.0.1', false],
    ['v2, the longest', v2(0x21, 0x11, tcp4 + tlv(4, 'x'.repeat(4096 - 15))), '10.0.0.1'],
  ];
  for (const [what, text, source, secure = false] of accepted) {
    it(`reads ${what}, however it arrives, and leaves what follows`, () => {
      for (const pieces of arrivals(text)) {
        expect(read(pieces)).to.deep.equal({ source, secure, rest: '' });
      }
      for (const cut of [[], [3], [text.length], [text.length + 2]]) {
        const found = read(cutAt(latin1(`${text}GET /`), cut));
        expect(found).to.deep.equal({ source, secure, rest: 'GET /' });
      }
    });

    it(`asks for more at every place in ${what}`, () => {
      for (let at = 0; at < text.length; at += 1) {
        expect(read([latin1(text.slice(0, at))])).to.equal('more');
      }
    });
  }

  const refused: readonly string[] = [
    'G',
    'GET / HTTP/1.1\r\n',
    'PROXX',
    'proxy TCP4 10.0.0.1 10.0.0.2 1 2\r\n',
    'PROXY \r\n',
    'PROXY TCP4\r\n',
    'PROXY TCP5 10.0.0.1 10.0.0.2 1 2\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1 2 \r\n',
    'PROXY TCP4  10.0.0.1 10.0.0.2 1 2\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1 2 3\r\n',
    'PROXY TCP4 10.0.0.256 10.0.0.2 1 2\r\n',
    'PROXY TCP4 10.0.0.01 10.0.0.2 1 2\r\n',
    'PROXY TCP4 10.0.0 10.0.0.2 1 2\r\n',
    'PROXY TCP4 10.0.0.1. 10.0.0.2 1 2\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2.3 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 65536 2\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 1 02\r\n',
    'PROXY TCP4 10.0.0.1 10.0.0.2 -1 2\r\n',
    'PROXY TCP6 10.0.0.1 ::1 1 2\r\n',
    'PROXY TCP6 1::2::3 ::1 1 2\r\n',
    'PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2\r\n',
    'PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n',
    'PROXY TCP6 1:2:3:4:5:6:7::8 ::1 1 2\r\n', // :: stands for one group at least
    'PROXY TCP6 12345::1 ::1 1 2\r\n',
    'PROXY TCP6 g::1 ::1 1 2\r\n',
    'PROXY TCP6 1:::2 ::1 1 2\r\n',
    'PROXY TCP6 :1:2:3:4:5:6:7 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4:: ::1 1 2\r\n',
    'PROXY TCP6 ::1.2.3.4:1 ::1 1 2\r\n',
    'PROXY TCP6 ::1.2.3 ::1 1 2\r\n',
    'PROXY UNKNOWN\tx\r\n',
    'PROXY UNKNOWNx\r\n',
    `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`,
    `PROXY UNKNOWN ${'x'.repeat(93)}`, // that never ends
    '\r\n\r\n\0\r\nQUIX',
    v2(0x11, 0x11, tcp4), // another version
    v2(0x22, 0x11, tcp4), // another command
    v2(0x21, 0x12, tcp4), // datagrams
    v2(0x21, 0x41, tcp4), // another family
    v2(0x21, 0x11, tcp4.slice(1)),
    v2(0x21, 0x21, tcp4),
    v2(0x21, 0x11, `${tcp4}\x01`),
    v2(0x21, 0x11, `${tcp4}\x01\0`),
    v2(0x21, 0x11, `${tcp4}\x01\0\x02h`),
    v2(0x21, 0x00, '\x01\0\x02h'),
    v2(0x21, 0x11, tcp4 + 'x'.repeat(4085)),
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}, however it arrives`, () => {
      for (const pieces of arrivals(text)) expect(read(pieces)).to.equal('ERR_PROXY_HEADER');
    });
  }

  it('refuses a header over the limit before it has arrived', () => {
    expect(read([latin1(`${SIGNATURE}\x21\x11\xff\xff`)])).to.equal('ERR_PROXY_HEADER');
  });

  it('reads the address that was sent, whatever it is', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV6(), (four, six) => {
        const line = (family: string, text: string) =>
          read([latin1(`PROXY ${family} ${text} ${text} 1 2\r\n`)]);
        expect(line('TCP4', four)).to.include({ source: four });
        expect(line('TCP6', six)).to.include({ source: six });
      }),
    );
  });
});
