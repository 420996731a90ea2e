/** Before anything is timed: the right status, and the body byte for byte. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { headersFor, type Ask } from '../load/ask.js';
import { content } from '../programs/content.js';
import { LOOPBACK } from '../system/free-port.js';

export interface Checked {
  /** What was wrong; undefined: nothing. */
  readonly wrong: string | undefined;
  /** The session cookie that the contender set. */
  readonly setCookie: string | undefined;
}

const PATIENCE = 30_000; // ms

/** On a connection of its own, with the fields that the generator will send. */
export async function checked(port: number, ask: Ask): Promise<Checked> {
  try {
    const { status, setCookie, body } = await answerTo(port, ask);
    return { wrong: fault(status, body, expected(ask)), setCookie };
  } catch (cause) {
    return { wrong: `no answer: ${String(cause)}`, setCookie: undefined };
  }
}

async function answerTo(port: number, ask: Ask) {
  const asked = request({
    host: LOOPBACK,
    port,
    method: ask.upload === undefined ? 'GET' : 'POST',
    path: ask.upload === undefined ? ask.path : '/digest',
    headers: headersFor(ask, undefined),
    signal: AbortSignal.timeout(PATIENCE),
  });
  asked.end(ask.upload === undefined ? undefined : content(ask.upload));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const body = await buffer(answer);
  return { status: answer.statusCode ?? 0, setCookie: answer.headers['set-cookie']?.[0], body };
}

function expected({ path, upload }: Ask): Buffer {
  if (upload === undefined) return content(Number(path.slice(1)));
  return Buffer.from(createHash('sha256').update(content(upload)).digest('hex'));
}

/** What is wrong with an answer that ought to be 200 with this body. */
export function fault(status: number, body: Buffer, right: Buffer): string | undefined {
  if (status !== 200) return `status ${status}`;
  if (body.length !== right.length) return `${body.length} bytes instead of ${right.length}`;
  return body.equals(right) ? undefined : 'a body of the right length, but not the right one';
}
