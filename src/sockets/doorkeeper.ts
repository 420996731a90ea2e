/**
 * Answers libzmq's question who may connect to a socket with keys (ZAP). It exists before the socket is
 * bound and lives in the same context, which is theirs alone: the work of handshakes is then done by a thread
 * of their own, not by the one that serves clients.
 */
import { Context, Router } from 'zeromq';
import type { KeyPair, PublicKey } from '../security/key-pair.js';
import { answerTo, questionIn } from '../security/zap.js';
import { arrivals } from './arrivals.js';

/** Where libzmq asks, in each context: ZeroMQ RFC 27. */
const ADDRESS = 'inproc://zeromq.zap.01';

/** The name of what is guarded: libzmq insists on an answer only for a socket that has one. */
const DOMAIN = 'cutover';

/** Somebody whose key is not believed, or a question that has none. */
export interface TurnedAway {
  readonly key: PublicKey | undefined;
  /** IP address. */
  readonly from: string | undefined;
}

export interface DoorkeeperOptions {
  readonly own: KeyPair;
  readonly believed: readonly PublicKey[];
  readonly turnedAway: (who: TurnedAway) => void;
  /** The doorkeeper itself is at fault. From then on nobody new is let in. */
  readonly failed: (cause: unknown) => void;
}

export interface Doorkeeper {
  /** Of the socket that it guards: with them nobody is let in unasked, also when the doorkeeper is gone. */
  readonly guarded: Readonly<ReturnType<typeof guardedIn>>;
  close(): void;
}

export async function doorkeeper(options: DoorkeeperOptions): Promise<Doorkeeper> {
  const context = new Context();
  const socket = new Router({ context, linger: 0, sendTimeout: 0 });
  await socket.bind(ADDRESS);
  void answering(socket, options).catch(options.failed);
  return { guarded: guardedIn(context, options.own), close: () => socket.close() };
}

const guardedIn = (context: Context, own: KeyPair) => ({
  context,
  curveServer: true,
  curveSecretKey: own.secretKey,
  zapDomain: DOMAIN,
  zapEnforceDomain: true, // without it, no answer would be as good as a yes
});

async function answering(socket: Router, options: DoorkeeperOptions): Promise<void> {
  const believed = new Set(options.believed);
  const questions = { [Symbol.asyncIterator]: () => arrivals<readonly Buffer[]>(socket) };
  for await (const frames of questions) {
    const question = questionIn(frames);
    const isBelieved = question?.domain === DOMAIN && believed.has(question.key);
    const answer = answerTo(frames, isBelieved);
    // Who has gone meanwhile needs no answer; who waits in vain is cut off by libzmq after 30 s.
    if (answer !== undefined) await socket.send([...answer]).catch(() => undefined);
    if (!isBelieved) options.turnedAway({ key: question?.key, from: question?.address });
  }
}
