/**
 * The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt, sections 2.1 and 2.2): the
 * only way to learn who the client is, since the socket does not tell. Whoever sends it is trusted, so
 * that anything but a valid header is an error and not the beginning of a request.
 */
import { CutoverError } from '../kernel/errors.js';
import { ReceiveBuffer } from './receive-buffer.js';

export interface ProxyHeader {
  /** The client's address; undefined if the sender speaks for itself or does not know. */
  readonly source: string | undefined;
  /** The client's connection to the sender was encrypted; only version 2 can tell. */
  readonly secure: boolean;
  /** What arrived behind the header. */
  readonly rest: Buffer;
}

type Sender = Omit<ProxyHeader, 'rest'>;

const SIGNATURE_1 = Buffer.from('PROXY ');
const SIGNATURE_2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Section 2.1: the longest line, with its CRLF. */
const LONGEST_LINE = 107;
/** The fixed part of a version 2 header, in bytes. */
const FIXED_2 = 16;
/** Of addresses and TLVs together. Client certificates are the longest that is sent. */
const LONGEST_BLOCK = 4096;

export class ProxyReader {
  readonly #buffer = new ReceiveBuffer();

  push(bytes: Buffer): void {
    this.#buffer.push(bytes);
  }

  /** Once; undefined: more bytes are needed. */
  next(): ProxyHeader | undefined {
    const buffer = this.#buffer;
    if (buffer.waiting === 0) return undefined;
    const sender = begins(buffer, SIGNATURE_2) ? readBlock(buffer) : readLine(buffer);
    return sender && { ...sender, rest: buffer.take(buffer.waiting) };
  }
}

/** As far as it has arrived. */
function begins(buffer: ReceiveBuffer, signature: Buffer): boolean {
  const arrived = buffer.peek(signature.length);
  return arrived.equals(signature.subarray(0, arrived.length));
}

const refused = (what: string) => new CutoverError('ERR_PROXY_HEADER', `refused: ${what}`);

// Version 1, section 2.1. Fields are divided by exactly one space.
const LINE = /^PROXY (?:UNKNOWN(?: [\x20-\x7e]*)?|TCP([46]) (\S+) (\S+) (\S+) (\S+))\r\n$/;

function readLine(buffer: ReceiveBuffer): Sender | undefined {
  if (!begins(buffer, SIGNATURE_1)) throw refused('no PROXY header');
  const length = buffer.lineEnd();
  if (length > LONGEST_LINE || (length === 0 && buffer.waiting >= LONGEST_LINE)) {
    throw refused('the line is too long');
  }
  return length === 0 ? undefined : parsedLine(buffer.takeText(length));
}

function parsedLine(line: string): Sender {
  const match = LINE.exec(line);
  if (match === null) throw refused('the line');
  const [, family, source = '', destination = '', ...ports] = match;
  if (family === undefined) return { source: undefined, secure: false };
  const isAddress = family === '4' ? isIPv4 : isIPv6;
  if (!isAddress(source) || !isAddress(destination)) throw refused('an address');
  if (!ports.every(isPort)) throw refused('a port');
  return { source, secure: false };
}

const isPort = (text: string) => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

const isIPv4 = (text: string) =>
  /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);

/** RFC 4291 §2.2: eight groups; `::` stands once, for one at least; the last two may be IPv4. */
function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap(half => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const isMixed = last.includes('.') && isIPv4(last) && !text.endsWith('::');
  const plain = isMixed ? groups.slice(0, -1) : groups;
  const count = plain.length + (isMixed ? 2 : 0);
  if (!plain.every(group => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}

// Version 2, section 2.2.
const LOCAL = 0x20;
const PROXY = 0x21;
const PP2_TYPE_SSL = 0x20;
const PP2_CLIENT_SSL = 0x01;

interface Family {
  /** What its addresses and ports take. */
  readonly bytes: number;
  readonly source: (block: Buffer) => string | undefined;
}

/** Families over a stream; datagrams do not come here. */
const families: ReadonlyMap<number, Family> = new Map<number, Family>([
  [0x00, { bytes: 0, source: () => undefined }], // unspecified
  [0x11, { bytes: 12, source: block => block.subarray(0, 4).join('.') }],
  [0x21, { bytes: 36, source: block => writtenIPv6(block.subarray(0, 16)) }],
  [0x31, { bytes: 216, source: () => undefined }], // a UNIX socket has no address
]);

function readBlock(buffer: ReceiveBuffer): Sender | undefined {
  const fixed = buffer.peek(FIXED_2);
  if (fixed.length < FIXED_2) return undefined;
  const length = fixed.readUInt16BE(14);
  if (length > LONGEST_BLOCK) throw refused('the header is too long');
  const [command = 0, family = 0] = fixed.subarray(12);
  if (command !== LOCAL && command !== PROXY) throw refused('version or command');
  if (buffer.waiting < FIXED_2 + length) return undefined;
  buffer.take(FIXED_2);
  const block = buffer.take(length);
  // LOCAL: a health check of the sender's own. What else it says is to be skipped.
  return command === LOCAL ? { source: undefined, secure: false } : parsedBlock(family, block);
}

function parsedBlock(code: number, block: Buffer): Sender {
  const family = families.get(code);
  if (family === undefined) throw refused('family or transport');
  if (block.length < family.bytes) throw refused('the addresses are cut off');
  const isSecure = saysSecure(block.subarray(family.bytes));
  return { source: family.source(block), secure: isSecure };
}

/** Looks through the TLVs, section 2.2.6: type, length in two bytes, value. */
function saysSecure(tlvs: Buffer): boolean {
  let isSecure = false;
  for (let at = 0; at < tlvs.length;) {
    if (at + 3 > tlvs.length) throw refused('a TLV is cut off');
    const end = at + 3 + tlvs.readUInt16BE(at + 1);
    if (end > tlvs.length) throw refused('a TLV is cut off');
    if (tlvs[at] === PP2_TYPE_SSL) isSecure = ((tlvs[at + 3] ?? 0) & PP2_CLIENT_SSL) !== 0;
    at = end;
  }
  return isSecure;
}

/** As RFC 5952 §4.2 wants it: the longest run of zeros becomes `::`, the first of equal ones. */
function writtenIPv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16));
  const text = groups.join(':');
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)];
  const [longest] = runs.toSorted((a, b) => b[0].length - a[0].length);
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}
