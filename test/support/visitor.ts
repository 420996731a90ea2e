import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import type { Stage } from './stage.js';

export interface Visit {
  readonly status: number;
  readonly text: string;
  /** The name of the counting container that answered. */
  readonly server: string;
  /** Our cookie as it was set; undefined: it was not. */
  readonly cookie: string | undefined;
}

let visits = 0;

/** A client with a cookie jar, as a browser is one: its requests are a session. */
export class Visitor {
  /** What its jar holds, as a Cookie field has it. */
  cookie: string | undefined;
  readonly #port: number;
  readonly #agent: Agent | undefined;

  /** `agent`: one that many visitors share; without it each request has a connection of its own. */
  constructor(port: number, agent?: Agent) {
    this.#port = port;
    this.#agent = agent;
  }

  /** `port`: of another frontend than usual. */
  async ask(method = 'GET', path = '/', port = this.#port): Promise<Visit> {
    visits += 1;
    const outgoing = request({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: {
        'x-id': `visit-${visits}`,
        ...(this.cookie !== undefined && { cookie: this.cookie }),
      },
      ...(this.#agent && { agent: this.#agent }),
    });
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const pieces: Buffer[] = [];
    for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
    const text = Buffer.concat(pieces).toString('latin1');
    const cookie = answer.headers['set-cookie']?.find(each => each.startsWith('cutover='));
    if (cookie !== undefined) this.cookie = cookie.split(';')[0];
    return { status: answer.statusCode ?? 0, text, server: text.split(' ')[1] ?? '', cookie };
  }

  /** The names of the containers that answered so many requests, each once. */
  async servers(requests: number): Promise<readonly string[]> {
    const names = new Set<string>();
    for (let made = 0; made < requests; made++) names.add((await this.ask()).server);
    return [...names];
  }
}

/** Connections that visitors share. */
export function connections(stage: Stage, most: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: most });
  stage.atEnd(() => agent.destroy());
  return agent;
}

/** So many new visitors, each with one visit behind it; a few at a time. */
export async function newVisitors(
  port: number,
  count: number,
  agent: Agent,
): Promise<readonly { readonly visitor: Visitor; readonly first: Visit }[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const visitor = new Visitor(port, agent);
      return { visitor, first: await visitor.ask() };
    }),
  );
}
