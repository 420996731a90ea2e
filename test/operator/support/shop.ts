import type { RequestListener } from 'node:http';
import { httpContainer } from '../../support/containers.js';
import type { ServerAddress } from '../../support/scripted-container.js';
import type { Stage } from '../../support/stage.js';

export interface Shop {
  readonly address: ServerAddress;
  /** How it answers from now on. */
  behave(manner: Manner): void;
}

/** `odd`: another price, and another word, than it ought to say. */
export type Manner = 'well' | 'failing' | 'odd';

/** A small application with a JSON API. Its answers take a few milliseconds and have many sizes. */
export async function shop(stage: Stage, manner: Manner = 'well'): Promise<Shop> {
  let now = manner;
  const listener: RequestListener = (request, response) => {
    const number = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0);
    const manners = now;
    setTimeout(
      () => {
        const body = manners === 'failing' ? '{"error":"out of order"}' : basket(number, manners);
        response.writeHead(manners === 'failing' ? 500 : 200, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'cache-control': 'max-age=60',
        });
        response.end(body);
      },
      1 + ((number * 7) % 9),
    );
  };
  return { address: await httpContainer(stage, listener), behave: manners => void (now = manners) };
}

/** In answers, and in what is asked: no page may show it. */
export const SECRET = 'not-to-be-shown';

const goods = ['tea', 'coffee beans', 'rye bread', 'salt', 'olive oil', 'apples'] as const;

function basket(number: number, manner: Manner): string {
  const items = Array.from({ length: 1 + ((number * 13) % 12) }, (_, at) => ({
    id: at + 1,
    name: goods[(number + at) % goods.length],
    cents: 120 + ((number * 31 + at * 77) % 900),
  }));
  const total = items.reduce((sum, { cents }) => sum + cents, 0);
  const odd = manner === 'odd';
  return JSON.stringify({
    basket: number,
    items,
    total: odd ? total + 1 : total,
    currency: odd ? 'EURO' : 'EUR',
    token: odd ? `${SECRET}-either` : SECRET,
  });
}
