/**
 * What somebody at a `tcp://` address says before any security begins. libzmq tells us nothing of a link that
 * is turned away, so we ask ourselves what is in the way.
 */
import { connect } from 'node:net';

/** ZMTP 3.1 (ZeroMQ RFC 37), "Greeting": signature, version, mechanism, and what fills 64 bytes. */
const LENGTH = 64;
const MECHANISM_AT = 12;
const MECHANISM_LENGTH = 20;

/**
 * The beginning of one of ours: signature and version. Whoever hears that much answers with all of theirs; had
 * they heard a mechanism that is not their own, they would say nothing more.
 */
const OURS = Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]);

/** `NULL`, `CURVE` …; undefined: these bytes are no whole greeting. */
export function mechanismIn(bytes: Buffer): string | undefined {
  if (bytes.length < LENGTH || bytes[0] !== 0xff || bytes[9] !== 0x7f || bytes[10] !== 3) {
    return undefined;
  }
  const name = bytes.subarray(MECHANISM_AT, MECHANISM_AT + MECHANISM_LENGTH).toString('latin1');
  return /^([\x21-\x7e]+)\0*$/.exec(name)?.[1];
}

/** The mechanism of who listens there; undefined: nobody, or somebody who speaks something else. */
export function mechanismAt(
  where: { readonly host: string; readonly port: number },
  patience: number,
): Promise<string | undefined> {
  return new Promise(resolve => {
    let bytes = Buffer.alloc(0);
    const socket = connect({ ...where, timeout: patience }, () => socket.write(OURS));
    const end = () => {
      socket.destroy();
      resolve(mechanismIn(bytes));
    };
    socket.on('data', piece => {
      bytes = Buffer.concat([bytes, piece]);
      if (bytes.length >= LENGTH) end();
    });
    // A timeout is one of silence: each event ends the wait, whatever has come by then.
    for (const event of ['timeout', 'error', 'close'] as const) socket.once(event, end);
  });
}
