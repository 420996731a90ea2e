/**
 * Z85 (ZeroMQ RFC 32): how libzmq writes keys as text. Four bytes become five characters, none of which
 * JSON would have to escape.
 */

const ALPHABET =
  '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const BASE = ALPHABET.length;
const WORD = 4;
const GROUP = 5;

/** Throws RangeError if the number of bytes is not a multiple of four. */
export function toZ85(bytes: Uint8Array): string {
  if (bytes.length % WORD !== 0) throw new RangeError(`${bytes.length} bytes are no whole words`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = Array.from({ length: bytes.length / WORD }, (_, at) => view.getUint32(at * WORD));
  return words.map(group).join('');
}

function group(word: number): string {
  const digits = Array.from({ length: GROUP }, (_, place) =>
    ALPHABET.charAt(Math.floor(word / BASE ** (GROUP - 1 - place)) % BASE),
  );
  return digits.join('');
}

/** Undefined: that is no Z85. */
export function fromZ85(text: string): Buffer | undefined {
  if (text.length % GROUP !== 0) return undefined;
  const bytes = Buffer.alloc((text.length / GROUP) * WORD);
  for (let at = 0; at < text.length; at += GROUP) {
    const word = wordOf(text.slice(at, at + GROUP));
    if (word === undefined) return undefined;
    bytes.writeUInt32BE(word, (at / GROUP) * WORD);
  }
  return bytes;
}

/** Five characters can say more than four bytes can hold. */
function wordOf(characters: string): number | undefined {
  const digits = Array.from(characters, each => ALPHABET.indexOf(each));
  if (digits.includes(-1)) return undefined;
  const word = digits.reduce((sum, digit) => sum * BASE + digit, 0);
  return word <= 0xffff_ffff ? word : undefined;
}
