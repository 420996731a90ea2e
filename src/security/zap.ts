/**
 * The question that libzmq asks about everybody who shows a key, and our answer (ZAP, ZeroMQ RFC 27). It
 * comes from our own process, over an address that nobody else can reach.
 */
import { toZ85 } from './z85.js';
import type { PublicKey } from './key-pair.js';

export interface Question {
  /** Which of our sockets is asked for: what it has as `zapDomain`. */
  readonly domain: string;
  /** The peer's IP address. */
  readonly address: string;
  readonly key: PublicKey;
}

const VERSION = '1.0';
const KEY_BYTES = 32;
/** The longest of what is text in a question; RFC 27 has no frame longer than this. */
const LONGEST = 255;

/** Undefined: nothing that we could answer with yes. Frames as a ROUTER gets them: sender, empty, question. */
export function questionIn(frames: readonly Buffer[]): Question | undefined {
  const [, , version, , domain, address, , mechanism, key] = frames;
  if (version?.toString() !== VERSION || mechanism?.toString() !== 'CURVE') return undefined;
  if (domain === undefined || address === undefined || key?.length !== KEY_BYTES) return undefined;
  if (domain.length > LONGEST || address.length > LONGEST) return undefined;
  const from = address.toString().replace(/^::ffff:(?=\d+\.)/, ''); // IPv4 on a socket for both
  return { domain: domain.toString(), address: from, key: toZ85(key) };
}

/** Frames for the ROUTER; undefined: whoever asked cannot be answered. 400: libzmq ends the connection. */
export function answerTo(
  frames: readonly Buffer[],
  isBelieved: boolean,
): readonly (Buffer | string)[] | undefined {
  const [sender, , , request] = frames;
  if (sender === undefined || request === undefined) return undefined;
  const [code, text] = isBelieved ? ['200', 'OK'] : ['400', 'the key is not known'];
  return [sender, '', VERSION, request, code, text, '', ''];
}
