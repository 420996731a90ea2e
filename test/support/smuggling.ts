/**
 * Requests that hide another one from whoever reads them in another way than the next in line does. The ways
 * are those that have been published (PortSwigger's "HTTP Desync Attacks", RFC 9112 §11.2, CVEs of proxies).
 */

export interface Attack {
  readonly name: string;
  readonly bytes: Buffer;
  /** Undefined: it must be refused. Otherwise it is one request, and this is its body. */
  readonly body: string | undefined;
}

/** Where the outer and the hidden request go: a test finds each of them by its number. */
export const outer = (number: number): string => `/one-${number}-`;
export const hidden = (number: number): string => `/two-${number}-`;

type Make = (target: string, smuggled: string) => { text: string; body?: string };

/** With CRLF at its end. */
const smuggledTo = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n`;

const post = (target: string, lines: string, body: string) =>
  `POST ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${body}`;
const hex = (text: string) => text.length.toString(16);

/** The front believes the length, the server the chunks: they end, and the hidden request begins. */
const lengthThenChunks = (te: string, first = true): Make => {
  return (target, smuggled) => {
    const body = `0\r\n\r\n${smuggled}`;
    const cl = `Content-Length: ${body.length}`;
    return { text: post(target, first ? `${cl}\r\n${te}` : `${te}\r\n${cl}`, body) };
  };
};

/** The front believes the chunks, the server the length: what it leaves is the hidden request. */
const chunksThenLength = (te: string): Make => {
  return (target, smuggled) => {
    const size = `${hex(smuggled)}\r\n`;
    const body = `${size}${smuggled}\r\n0\r\n\r\n`;
    return { text: post(target, `${te}\r\nContent-Length: ${size.length}`, body) };
  };
};

/** No length: who does not see the coding sees a request without a body, and the hidden one behind it. */
const chunksAlone = (te: string): Make => {
  return (target, smuggled) => ({
    text: post(target, te, `${hex(smuggled)}\r\n${smuggled}\r\n0\r\n\r\n`),
  });
};

const TE = 'Transfer-Encoding';

/** Fields that some take for `Transfer-Encoding: chunked` and others do not. */
const obfuscated: readonly string[] = [
  `${TE}: chunked`,
  `${TE.toUpperCase()}: CHUNKED`,
  `tRaNsFeR-eNcOdInG: cHuNkEd`,
  `${TE}:chunked`,
  `${TE}:  chunked`,
  `${TE}:\tchunked`,
  `${TE}: chunked `,
  `${TE}: chunked\t`,
  `${TE}:\t chunked \t`,
  `${TE}: \x0bchunked`,
  `${TE}: chunked\x0b`,
  `${TE}:\x0bchunked`,
  `${TE}: \x0cchunked`,
  `${TE}: chunked\x0c`,
  `${TE}: chunked\0`,
  `${TE}: \0chunked`,
  `${TE}\0: chunked`,
  `${TE}: chunked\x08`,
  `${TE}: chunked\x7f`,
  `${TE}: \xa0chunked`,
  `${TE}: chunked\xa0`,
  `${TE}: \xc2\x85chunked`,
  `${TE} : chunked`,
  `${TE}\t: chunked`,
  `${TE}\x0b: chunked`,
  `${TE}:: chunked`,
  `${TE}: : chunked`,
  `${TE}; chunked`,
  `${TE} chunked`,
  ` ${TE}: chunked`,
  `\t${TE}: chunked`,
  `\x0b${TE}: chunked`,
  `\xef\xbb\xbf${TE}: chunked`,
  `X: y\r\n ${TE}: chunked`,
  `X: y\r\n\t${TE}: chunked`,
  `${TE}:\r\n chunked`,
  `${TE}:\r\n\tchunked`,
  `${TE}: chunked\r\n , identity`,
  `${TE}: x\r\n chunked`,
  `${TE}:\n chunked`,
  `X: y\n${TE}: chunked`,
  `X: y\r${TE}: chunked`,
  `X: y\r\r\n${TE}: chunked`,
  `X: y\0\r\n${TE}: chunked\0`,
  `\r${TE}: chunked`,
  `\n${TE}: chunked`,
  `${TE}: chunked\n`,
  `${TE}: chunked\r`,
  `${TE}: chunked, identity`,
  `${TE}: identity, chunked`,
  `${TE}: chunked, chunked`,
  `${TE}: chunked,chunked`,
  `${TE}: chunked,`,
  `${TE}: ,chunked`,
  `${TE}: , chunked ,`,
  `${TE}: gzip, chunked`,
  `${TE}: chunked, gzip`,
  `${TE}: deflate`,
  `${TE}: identity`,
  `${TE}:`,
  `${TE}: xchunked`,
  `${TE}: chunkedx`,
  `${TE}: x-chunked`,
  `${TE}: chunk`,
  `${TE}: chunked;q=1.0`,
  `${TE}: chunked; foo`,
  `${TE}: chunked;`,
  `${TE}: "chunked"`,
  `${TE}: 'chunked'`,
  `${TE}: (chunked)`,
  `${TE}: [chunked]`,
  `${TE}: chun\tked`,
  `${TE}: ch unked`,
  `${TE}: chun%6bed`,
  `${TE}: chun\xe2\x84\xaaed`, // KELVIN SIGN, whose lower case is k
  `${TE}: =?utf-8?q?chunked?=`,
  `${TE}: chunked\r\n${TE}: chunked`,
  `${TE}: chunked\r\n${TE}: identity`,
  `${TE}: identity\r\n${TE}: chunked`,
  `${TE}: x\r\n${TE}: chunked`,
  `${TE}: chunked\r\n${TE}: x`,
  `${TE}:\r\n${TE}: chunked`,
  `${TE}: chunked\r\nConnection: ${TE}`,
  `Connection: close, ${TE}\r\n${TE}: chunked`,
];

/** Fields that no one may take for it: ours is a request with a length, and it stays one. */
const lookalikes: readonly string[] = [
  'Transfer_Encoding: chunked',
  'Transfer.Encoding: chunked',
  'TransferEncoding: chunked',
  'Transfer-Encodin: chunked',
  'X-Transfer-Encoding: chunked',
  'Content-Encoding: chunked',
  'TE: chunked',
  'TE: trailers, chunked',
  'Trailer: Transfer-Encoding',
  'X: Transfer-Encoding: chunked',
  'HTTP_TRANSFER_ENCODING: chunked',
];

/** Lengths that two may read in two ways. */
const lengths: readonly string[] = [
  'Content-Length: 0\r\nContent-Length: #',
  'Content-Length: #\r\nContent-Length: 0',
  'Content-Length: #\r\nContent-Length: #',
  'content-length: #\r\nCONTENT-LENGTH: 0',
  'Content-Length: 0, #',
  'Content-Length: #, 0',
  'Content-Length: #, #',
  'Content-Length: #,',
  'Content-Length: +#',
  'Content-Length: -#',
  'Content-Length: # 0',
  'Content-Length: 0 #',
  'Content-Length: "#"',
  'Content-Length: #.0',
  'Content-Length: #e0',
  'Content-Length: 0x#',
  'Content-Length: 0b0',
  'Content-Length: 1_0',
  'Content-Length: #;',
  'Content-Length: #\0',
  'Content-Length: \x0b#',
  'Content-Length: #\x0c',
  'Content-Length: \xa0#',
  'Content-Length: \xb2',
  'Content-Length: \xd9\xa3', // ARABIC-INDIC DIGIT THREE
  'Content-Length:',
  'Content-Length: ',
  'Content-Length : #',
  'Content-Length\t: #',
  'Content-Length\0: #',
  ' Content-Length: #',
  'X: y\r\n Content-Length: #',
  'Content-Length:\r\n #',
  'Content-Length: 0\r\n #',
  'X: y\nContent-Length: #',
  'X: y\rContent-Length: #',
  'Content-Length: #\n',
  'Content-Length: 18446744073709551616',
  'Content-Length: 18446744073709551658',
  'Content-Length: 4294967296000000',
  'Content-Length: 0000000000000000000000',
  'Content-Length: abc',
  'Content-Length: NaN',
  'Content-Length: Infinity',
];

/** What stands in a chunked body, in ways that some read past and others stop at. `@`: what is hidden. */
const chunkBodies: readonly (readonly [name: string, body: string])[] = [
  ['LF behind the size', '0\n\r\n@'],
  ['LF for all line ends', '0\n\n@'],
  ['CR behind the size', '0\r\r\n@'],
  ['CR CR LF behind the size', '0\r\r\n\r\n@'],
  ['a size of none', '\r\n\r\n@'],
  ['a size with a minus', '-1\r\n\r\n@'],
  ['a size with a plus', '+0\r\n\r\n@'],
  ['a size with 0x', '0x0\r\n\r\n@'],
  ['a size with an underscore', '0_0\r\n\r\n@'],
  ['a size with white space before it', ' 0\r\n\r\n@'],
  ['a size with white space behind it', '0 \r\n\r\n@'],
  ['a size with a tab behind it', '0\t\r\n\r\n@'],
  ['a size with a vertical tab', '0\x0b\r\n\r\n@'],
  ['a size with NUL', '0\0\r\n\r\n@'],
  ['a size with other letters', '0g\r\n\r\n@'],
  ['a size that overflows 64 bits to zero', '10000000000000000\r\n\r\n@'],
  ['a size that overflows 64 bits', '1000000000000002a\r\n\r\n@'],
  ['a size that overflows 32 bits', '100000000\r\n\r\n@'],
  ['a size that is negative in 64 bits', 'ffffffffffffffff\r\n\r\n@'],
  ['a size in full-width digits', '\xef\xbc\x90\r\n\r\n@'],
  ['a size in quotes', '"0"\r\n\r\n@'],
  ['two sizes', '0,5\r\n\r\n@'],
  ['two sizes behind a space', '0 5\r\n\r\n@'],
  ['an extension with LF', '0;x\n\r\n@'],
  ['an extension with CR', '0;x\ry\r\n\r\n@'],
  ['an extension with NUL', '0;x=\0\r\n\r\n@'],
  ['an extension in quotes with LF', '0;x="\n"\r\n\r\n@'],
  ['an extension in quotes with CRLF', '0;x="\r\n\r\n@"\r\n\r\n'],
  ['an extension whose quotes do not end', '0;x="y\r\n\r\n@'],
  ['an extension without a name', '0;\r\n\r\n@'],
  ['an extension that is no token', '0;@\r\n\r\n@'],
  ['data that is longer than it says', '3\r\nabcd\r\n0\r\n\r\n@'],
  ['data that is shorter than it says', '5\r\nabc\r\n0\r\n\r\n@'],
  ['LF behind the data', '3\r\nabc\n0\r\n\r\n@'],
  ['CR behind the data', '3\r\nabc\r0\r\n\r\n@'],
  ['nothing behind the data', '3\r\nabc0\r\n\r\n@'],
  ['two line ends behind the data', '3\r\nabc\r\n\r\n0\r\n\r\n@'],
  ['LF in the trailers', '0\r\nX: y\n\r\n@'],
  ['LF behind the last chunk', '0\r\n\n@'],
  ['CR behind the last chunk', '0\r\n\r@'],
  ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n@'],
  ['a trailer with a space before the colon', '0\r\nX : y\r\n\r\n@'],
  ['a trailer that is a request', '0\r\n@'],
  ['a trailer with NUL', '0\r\nX: \0\r\n\r\n@'],
];

/** Heads whose lines end, or whose first line is read, in two ways. `~`: the target, `@`: what is hidden. */
const heads: readonly (readonly [name: string, text: string])[] = [
  ['LF for all line ends', 'GET ~ HTTP/1.1\nHost: a\n\n@'],
  ['LF at the end of the request line', 'GET ~ HTTP/1.1\nHost: a\r\n\r\n@'],
  ['LF at the end of a field', 'GET ~ HTTP/1.1\r\nHost: a\n\r\n@'],
  ['LF for the empty line', 'GET ~ HTTP/1.1\r\nHost: a\r\n\n@'],
  ['LF LF in the middle', 'GET ~ HTTP/1.1\r\nHost: a\r\nX: y\n\n@'],
  ['CR for all line ends', 'GET ~ HTTP/1.1\rHost: a\r\r@'],
  ['CR CR LF', 'GET ~ HTTP/1.1\r\nHost: a\r\r\n\r\n@'],
  ['CR before the empty line', 'GET ~ HTTP/1.1\r\nHost: a\r\n\r\r\n@'],
  ['CR and text for the empty line', 'GET ~ HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n@'],
  ['an empty line of a space', 'GET ~ HTTP/1.1\r\nHost: a\r\n \r\n@'],
  ['an empty line of a tab', 'GET ~ HTTP/1.1\r\nHost: a\r\n\t\r\n@'],
  ['NUL for the empty line', 'GET ~ HTTP/1.1\r\nHost: a\r\n\0\r\n@'],
  ['a request in a field behind CR', 'GET ~ HTTP/1.1\r\nHost: a\r\nX: y\r\r@'],
  ['a line end in the target', 'GET ~\r\nX: y HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['LF in the target', 'GET ~\n@ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a tab in the request line', 'GET\t~\tHTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['a vertical tab in the request line', 'GET\x0b~ HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['two spaces in the request line', 'GET ~  HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['a space behind the version', 'GET ~ HTTP/1.1 \r\nHost: a\r\n\r\n@'],
  ['no version', 'GET ~\r\nHost: a\r\n\r\n@'],
  ['a version in small letters', 'GET ~ http/1.1\r\nHost: a\r\n\r\n@'],
  ['HTTP/1.10', 'GET ~ HTTP/1.10\r\nHost: a\r\n\r\n@'],
  ['HTTP/01.1', 'GET ~ HTTP/01.1\r\nHost: a\r\n\r\n@'],
  ['HTTP/1.1.1', 'GET ~ HTTP/1.1.1\r\nHost: a\r\n\r\n@'],
  ['two empty lines before it', '\r\n\r\nGET ~ HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['LF before it', '\nGET ~ HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['two Hosts', 'GET ~ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n@'],
  ['a Host with a path', 'GET ~ HTTP/1.1\r\nHost: a/b\r\n\r\n@'],
  ['a Host with a comma', 'GET ~ HTTP/1.1\r\nHost: a, b@c\r\n\r\n@'],
  ['a folded Host', 'GET ~ HTTP/1.1\r\nHost:\r\n a\r\n\r\n@'],
  ['a target with user information', 'GET http://a@b~ HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['a target with a fragment', 'GET ~#x HTTP/1.1\r\nHost: a\r\n\r\n@'],
  ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n@'],
];

const called = (text: string) => JSON.stringify(text).slice(1, -1);

/** Each way once; the order, and with it the numbers, are always the same. */
export function attacks(): readonly Attack[] {
  const all: (readonly [string, Make])[] = [];
  for (const te of obfuscated) {
    all.push([`CL.TE: ${called(te)}`, lengthThenChunks(te)]);
    all.push([`CL.TE, the length last: ${called(te)}`, lengthThenChunks(te, false)]);
    all.push([`TE.CL: ${called(te)}`, chunksThenLength(te)]);
    if (!isPlain(te)) all.push([`TE alone: ${called(te)}`, chunksAlone(te)]);
    else all.push([`one request: ${called(te)}`, wholeInChunks(te)]);
  }
  for (const field of lookalikes) {
    all.push([`one request with a length: ${called(field)}`, wholeWithLength(field)]);
  }
  for (const cl of lengths) all.push([`CL.CL: ${called(cl)}`, withLengths(cl)]);
  for (const [name, body] of chunkBodies) all.push([`chunks: ${name}`, inChunks(body)]);
  for (const [name, text] of heads) all.push([`head: ${name}`, asWritten(text)]);
  return all.map(([name, make], number) => {
    const smuggled = smuggledTo(hidden(number));
    const { text, body } = make(outer(number), smuggled);
    return { name, bytes: Buffer.from(text, 'latin1'), body };
  });
}

/** Everybody reads these as `chunked`: spelling, and white space around the value (RFC 9110 §5.5). */
const isPlain = (te: string) =>
  /^transfer-encoding:[ \t]*chunked[ \t]*(?:\r\nConnection: Transfer-Encoding)?$/i.test(te) ||
  te.startsWith('Connection: close');

const wholeInChunks = (te: string): Make => {
  return (target, smuggled) => ({ ...chunksAlone(te)(target, smuggled), body: smuggled });
};

const wholeWithLength = (field: string): Make => {
  return (target, smuggled) => {
    const body = `0\r\n\r\n${smuggled}`;
    return { text: post(target, `Content-Length: ${body.length}\r\n${field}`, body), body };
  };
};

const withLengths = (cl: string): Make => {
  return (target, smuggled) => ({
    text: post(target, cl.replaceAll('#', String(smuggled.length)), smuggled),
  });
};

const inChunks = (body: string): Make => {
  return (target, smuggled) => ({
    text: post(
      target,
      `${TE}: chunked`,
      body.replace('@', () => smuggled),
    ),
  });
};

const asWritten = (text: string): Make => {
  return (target, smuggled) => ({
    text: text.replace('~', () => target).replace(/@(?!b)/, () => smuggled),
  });
};
