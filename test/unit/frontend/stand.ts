/** What the tests of the frontend's parts stand on: the smallest neighbours that will do. */
import { setImmediate } from 'node:timers/promises';
import { bodyInMemory, noBody, type Body } from '../../../src/frontend/body.js';
import type { Asker, WholeRequest } from '../../../src/frontend/exchange.js';
import { exchangeId, type ExchangeId } from '../../../src/kernel/ids.js';
import {
  framingIndex,
  kinds,
  type Answer,
  type FromFrontend,
  type Part,
  type WireFraming,
} from '../../../src/wire/envelope.js';

/** Lets everything happen that needs no time: promises, and a turn of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await setImmediate();
}

/** As libzmq refuses. */
export const refusal = (code: string): Error => Object.assign(new Error(code), { code });

export const request = (about: Partial<WholeRequest> = {}): WholeRequest => ({
  method: 'GET',
  head: 'GET / HTTP/1.1\r\n\r\n',
  body: noBody,
  trailers: [],
  upgrade: false,
  safeToRepeat: true,
  ...about,
});

/** A body that is not in memory, and remembers whether it was discarded. */
export function bodyOnDisk(bytes: Buffer): Body & { isDiscarded: boolean } {
  return {
    ...bodyInMemory(bytes),
    whole: undefined,
    isDiscarded: false,
    discard() {
      this.isDiscarded = true;
    },
  };
}

/** Notes what it is told, as words. */
export class FakeAsker implements Asker {
  readonly heard: string[] = [];
  interim() {
    this.heard.push('interim');
  }
  answer() {
    this.heard.push('answer');
  }
  part() {
    this.heard.push('part');
  }
  failed(code: string) {
    this.heard.push(code);
  }
  cut() {
    this.heard.push('cut');
  }
}

export function answer(
  id: ExchangeId,
  about: {
    status?: number;
    fields?: string;
    framing?: WireFraming;
    body?: string | Buffer;
    more?: boolean;
    trailers?: string;
    account?: Answer[9];
  } = {},
): Answer {
  const { status = 200, fields = '', framing = 'none', body = '', more = false } = about;
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const index = framingIndex(framing);
  const { trailers = '', account = null } = about;
  return [kinds.answer, id, status, 'Fine', fields, index, bytes, more, trailers, account];
}

export const part = (id: ExchangeId, bytes: string | Buffer, more = true, trailers = ''): Part => [
  kinds.part,
  id,
  Buffer.from(bytes as string, 'latin1'),
  more,
  trailers,
];

const names = new Map<number, string>(Object.entries(kinds).map(([name, kind]) => [kind, name]));

/** An envelope in words: `part abc`, `part … (65536)`, `credit 100`. */
export function inWords(envelope: FromFrontend): string {
  const name = names.get(envelope[0]) ?? '?';
  const bytes = envelope.find(each => each instanceof Uint8Array);
  const more = envelope[0] === kinds.part && !envelope[3] ? ' end' : '';
  if (bytes === undefined) return envelope[0] === kinds.credit ? `${name} ${envelope[2]}` : name;
  const text = bytes.length > 40 ? `… (${bytes.length})` : Buffer.from(bytes).toString('latin1');
  return `${name}${text === '' ? '' : ' '}${text}${more}`;
}

export { exchangeId };
