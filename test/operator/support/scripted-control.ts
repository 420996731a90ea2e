import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Live } from '../../../src/control/live.js';
import { addressOf, listening } from '../../support/scripted-container.js';
import type { Stage } from '../../support/stage.js';

/** dist/test/operator/support → dist/dashboard. */
export const built = fileURLToPath(new URL('../../../dashboard', import.meta.url));

/** As strict as what control sends with the page: all that the page needs must be within it. */
const POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Answer {
  readonly status: number;
  readonly error: string;
}

/** Control as the page sees it: shows what it is told to show, and remembers what it was asked to do. */
export class ScriptedControl {
  readonly url: string;
  /** Verbs that were called, such as `POST /configuration/cluster/ID/pause`. */
  readonly calls: string[] = [];
  /** What streams and verbs must bring; undefined: nothing. */
  token: string | undefined;
  /** Of each following verb. */
  answer: Answer | undefined;
  /** Of each following stream; undefined: what is shown. */
  refusal: number | undefined;
  #live: Live;
  readonly #streams = new Set<ServerResponse>();

  private constructor(url: string, live: Live) {
    this.url = url;
    this.#live = live;
  }

  static async start(stage: Stage, live: Live): Promise<ScriptedControl> {
    if (!existsSync(join(built, 'index.html'))) {
      throw new Error('the dashboard is not built: npm run build:dashboard');
    }
    const server = createServer((request, response) => control.#serve(request, response));
    const { ip, port } = addressOf(await listening(stage, server));
    const control: ScriptedControl = new ScriptedControl(`http://${ip}:${port}`, live);
    return control;
  }

  /** Tells everybody, and whoever comes later. */
  show(live: Live): void {
    this.#live = live;
    for (const stream of this.#streams) this.#tell(stream);
  }

  /** Cuts all streams, as a control that dies does. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').replace(/\?.*$/s, '');
    if (path === '/') {
      response.writeHead(302, { location: 'dashboard/' }).end();
    } else if (path.startsWith('/dashboard/')) {
      this.#file(path, response);
    } else if (
      this.token !== undefined &&
      request.headers.authorization !== `Bearer ${this.token}`
    ) {
      said(response, 401, { error: 'a bearer token is needed' });
    } else if (path === '/live/events') {
      this.#stream(response);
    } else if (path === '/openapi.json') {
      said(response, 200, openApi);
    } else {
      this.calls.push(`${request.method ?? ''} ${path}`);
      const { status, error } = this.answer ?? { status: 202, error: '' };
      said(response, status, status === 202 ? { edition: 8 } : { error });
    }
  }

  #file(path: string, response: ServerResponse): void {
    const below = path.slice('/dashboard'.length);
    const file = join(built, normalize(below.endsWith('/') ? `${below}index.html` : below));
    if (!file.startsWith(built) || !existsSync(file)) {
      said(response, 404, { error: 'there is nothing here' });
      return;
    }
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
    });
    createReadStream(file).pipe(response);
  }

  #stream(response: ServerResponse): void {
    if (this.refusal !== undefined) {
      said(response, this.refusal, { error: 'too many streams' });
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 200\n\n');
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
    this.#tell(response);
  }

  #tell(stream: ServerResponse): void {
    stream.write(`event: live\ndata: ${JSON.stringify(this.#live)}\n\n`);
  }
}

const said = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const openApi = {
  openapi: '3.1.0',
  info: { title: 'Cutover', version: '0.1.0' },
  paths: {
    '/healthz': { get: { summary: 'alive', responses: { 200: { description: 'alive' } } } },
  },
};
