/**
 * The REST API of control. It turns calls into changes and outcomes into answers, and decides nothing. No
 * answer says that something was done before it is durable.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import { problem, problemsOf, type Problem } from '../config/problems.js';
import { share, versionId, type VersionId } from '../kernel/ids.js';
import type { Controls } from '../registry/leadership.js';
import type { Change, NewVersion, RoutingTable } from '../versions/routing-table.js';
import type { Happening } from '../versions/version-state.js';
import { refusal } from './guard.js';
import type { Live } from './live.js';
import { builtPages, servePages } from './live/pages.js';
import { openApi } from './open-api.js';
import { putBody, type PutBody } from './put-body.js';
import type { Outcome } from './registrar.js';
import { shownTable, shownVersion, type Facts } from './shown.js';
import { shownSpread, type Spread } from './spread.js';
import type { ShownEvent, Why } from './why.js';

export type StartedContainers =
  | {
      readonly kind: 'ready';
      readonly servers: NewVersion['servers'];
      /** To be called once their cluster is in the table, or will not come there. */
      readonly whenKnown: () => void;
    }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  | { readonly kind: 'failed'; readonly because: string };

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export interface RestHost extends Facts {
  readonly table: RoutingTable;
  readonly spread: Spread;
  /** Undefined: there is no other control. */
  readonly controls?: Controls | undefined;
  change(change: Change): Promise<Outcome>;
  /** What is wrong with servers that have the right form. */
  problems(servers: NonNullable<PutBody['cluster']['servers']>): Promise<readonly Problem[]>;
  /** Starts the containers of a cluster, and waits until they are ready. */
  start(id: VersionId, cluster: PutBody['cluster']): Promise<StartedContainers>;
  /** Why operators may not remove it; undefined: they may. */
  mayNotRemove(id: VersionId): string | undefined;
  newId(): VersionId;
  /** Undefined: nothing was concluded about it, or seen of it. */
  why(id: VersionId): Why | undefined;
  /** Oldest first. */
  readonly events: readonly ShownEvent[];
  /** What the dashboard shows, as of now. */
  live(): Live;
  /** The same as server-sent events; false: as many look as may. */
  watch(response: ServerResponse): boolean;
  /** In the format that is accepted. */
  metrics(accept: string | undefined): Promise<Exposition>;
  /** Makes a new key that signs from then on; older ones are still believed. */
  rotate(): Promise<Outcome>;
  /** Undefined: ready; otherwise why not. */
  notReady(): string | undefined;
  /** Our release. */
  readonly release: string;
  /** The host at which we are configured to listen. */
  readonly own?: string;
}

/** Of a body; the contract of `PUT /configuration/cluster`. */
const MOST_BYTES = 1_048_576;
/** Milliseconds for a whole request to arrive; Fastify sets Node's own limit to none. */
const SLOWEST_REQUEST = 30_000;

/** `pause` carries more: see `happening`. */
const verbs = {
  pause: { type: 'pause' },
  resume: { type: 'resume' },
  promote: { type: 'promote' },
  abort: { type: 'abort' },
} as const;
export type Verb = keyof typeof verbs;
export const verbNames = Object.keys(verbs) as readonly Verb[];

/**
 * At a time; who comes then is turned away. Were there no descriptors left, libzmq would end the process when
 * the next follower comes over ipc.
 */
export const MOST_CONNECTIONS = 256;

/** `token`: what callers must bring, if anything. `pages`: the folder of the dashboard's files. */
export function restApi(
  host: RestHost,
  token: string | undefined,
  pages = builtPages,
): FastifyInstance {
  const app = fastify({
    bodyLimit: MOST_BYTES,
    requestTimeout: SLOWEST_REQUEST,
    forceCloseConnections: 'idle',
    logger: false,
    // An id that cannot be one: too long, or wrongly escaped.
    frameworkErrors: (_, __, reply) => void unknown(reply),
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  endSilentConnections(app);
  parseJsonOurselves(app);
  app.setNotFoundHandler((_, reply) =>
    fail(reply, 404, 'there is nothing here: see /openapi.json'),
  );
  app.setErrorHandler((cause, _, reply) => answerError(cause, reply));
  app.get('/healthz', () => ({ alive: true }));
  app.get('/readyz', (_, reply) => {
    const because = host.notReady();
    return because === undefined ? { ready: true } : fail(reply, 503, because);
  });
  // It tells nothing of this installation but its release; its viewer has no token.
  app.get('/openapi.json', () => openApi(host.release));
  servePages(app, pages);
  app.register((inner, _, done) => {
    guard(inner, token, host.own);
    routes(inner, host);
    done();
  });
  return app;
}

/**
 * Browsers connect before they have something to ask. For Node such a connection is a request under way: it
 * would be waited for, though nobody has been promised anything.
 */
function endSilentConnections(app: FastifyInstance): void {
  const connections = new Set<Socket>();
  app.server.on('connection', connection => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  app.addHook('preClose', done => {
    for (const each of connections) if (each.bytesRead === 0) each.destroy();
    done();
  });
}

/** One door for all JSON: Fastify's own would refuse with texts that name no path. */
function parseJsonOurselves(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
}

const FOREIGN =
  'pages from elsewhere may not use this API; who asks by a name with dots needs configService.token';

function guard(app: FastifyInstance, token: string | undefined, own: string | undefined): void {
  app.addHook('onRequest', async ({ headers }, reply) => {
    const { authorization, origin, host } = headers;
    const status = refusal({ authorization, origin, host }, token, own);
    if (status === 401) {
      await fail(reply.header('www-authenticate', 'Bearer'), 401, 'a bearer token is needed');
    } else if (status === 403) {
      await fail(reply, 403, FOREIGN);
    }
  });
}

function routes(app: FastifyInstance, host: RestHost): void {
  app.get('/configuration', () => shownSpread(host.spread, host.controls));
  app.get('/events', () => [...host.events]);
  app.get('/live', (_, reply) => reply.header('cache-control', 'no-store').send(host.live()));
  // Without HEAD: it would be a stream that says nothing and takes the place of one that does.
  app.get('/live/events', { exposeHeadRoute: false }, (_, reply) => watch(host, reply));
  app.get('/metrics', async ({ headers }, reply) => {
    const { contentType, text } = await host.metrics(headers.accept);
    return reply.type(contentType).send(text);
  });
  app.post('/configuration/keys/rotate', async (_, reply) =>
    answer(reply, await host.rotate(), {}),
  );
  app.get('/configuration/cluster', () => shownTable(host.table, host));
  app.put('/configuration/cluster', ({ body }, reply) => add(host, body, reply));
  app.get<OneVersion>('/configuration/cluster/:id', ({ params }, reply) => {
    const version = host.table.versions.find(({ id }) => id === params.id);
    return version === undefined ? unknown(reply) : shownVersion(host.table, version, host);
  });
  app.get<OneVersion>('/configuration/cluster/:id/why', ({ params }, reply) =>
    explain(host, versionId(params.id), reply),
  );
  app.delete<OneVersion>('/configuration/cluster/:id', async ({ params: { id } }, reply) => {
    const because = host.mayNotRemove(versionId(id));
    if (because !== undefined) return fail(reply, 409, because);
    return answer(reply, await host.change({ kind: 'remove', id: versionId(id) }), { id });
  });
  for (const verb of verbNames) {
    app.post<OneVersion>(`/configuration/cluster/:id/${verb}`, async ({ params }, reply) => {
      const id = versionId(params.id);
      const on = happening(host, id, verb);
      return answer(reply, await host.change({ kind: 'happen', id, on }), { id });
    });
  }
}

/** Whoever watches speaks to the response itself from then on. */
function watch(host: RestHost, reply: FastifyReply): unknown {
  if (!host.watch(reply.raw))
    return fail(reply, 503, 'as many look as may: close another dashboard');
  return reply.hijack();
}

interface OneVersion {
  Params: { id: string };
}

/** A pause keeps the share of this moment; where it is unknown, or less, the table's stays. */
const happening = (host: RestHost, id: VersionId, verb: Verb): Happening =>
  verb === 'pause' ? { type: 'pause', progress: host.progress(id) ?? share(0) } : verbs[verb];

function explain(host: RestHost, id: VersionId, reply: FastifyReply): unknown {
  const version = host.table.versions.find(each => each.id === id);
  if (version === undefined) return unknown(reply);
  const known = host.why(id);
  if (known !== undefined) return known;
  return fail(reply, 404, `nothing is known yet of how version ${version.number} behaves`);
}

async function add(host: RestHost, body: unknown, reply: FastifyReply): Promise<unknown> {
  const parsed = parsedBody(body);
  if (!parsed.ok) return refuse(reply, parsed.problems);
  const { servers, version, upgradeTransition } = parsed.cluster;
  if (servers === undefined) return addContainers(host, parsed.cluster, reply);
  const problems = await host.problems(servers);
  if (problems.length > 0) return refuse(reply, problems);
  const id = host.newId();
  const added: NewVersion = { id, number: version, servers, transition: upgradeTransition };
  return answer(reply, await host.change({ kind: 'add', version: added }), { id });
}

async function addContainers(
  host: RestHost,
  cluster: PutBody['cluster'],
  reply: FastifyReply,
): Promise<unknown> {
  const { version: number, upgradeTransition: transition } = cluster;
  const id = host.newId();
  const started = await host.start(id, cluster);
  if (started.kind === 'refused') return refuse(reply, started.problems);
  if (started.kind === 'failed') return fail(reply, 502, started.because);
  const { servers, whenKnown } = started;
  const version: NewVersion = { id, number, servers, transition, owner: 'containers' };
  const outcome = await host.change({ kind: 'add', version });
  whenKnown();
  return answer(reply, outcome, { id });
}

type Parsed =
  | { readonly ok: true; readonly cluster: PutBody['cluster'] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function parsedBody(body: unknown): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(String(body)) as unknown;
  } catch {
    return { ok: false, problems: [problem('', 'JSON', 'something else')] };
  }
  const { success, data, error } = putBody.safeParse(value);
  if (success) return { ok: true, cluster: data.cluster };
  return { ok: false, problems: problemsOf(error.issues, value) };
}

/** `about`: what is said beside the edition. */
function answer(reply: FastifyReply, outcome: Outcome, about: { readonly id?: string }): unknown {
  switch (outcome.kind) {
    case 'done':
      return reply.code(202).send({ ...about, edition: outcome.table.edition });
    case 'unknown':
      return unknown(reply);
    case 'impossible':
    case 'nobody-left':
      return fail(reply, 409, outcome.because);
    case 'not-durable':
      return fail(reply, 503, outcome.because);
  }
}

const unknown = (reply: FastifyReply) => fail(reply, 404, 'there is no version with this id');

const refuse = (reply: FastifyReply, problems: readonly Problem[]) =>
  reply.code(400).send({ error: problems.map(({ message }) => message).join('; '), problems });

const fail = (reply: FastifyReply, status: number, error: string) =>
  reply.code(status).send({ error });

/** What Fastify itself refuses: a body that is too large, or ends too early. Ours do not come here. */
function answerError(cause: unknown, reply: FastifyReply): unknown {
  const { statusCode = 500 } = cause as { statusCode?: number };
  if (statusCode === 413) {
    return refuse(reply, [problem('', `a body of at most ${MOST_BYTES} bytes`, 'more')]);
  }
  return fail(reply, statusCode, statusCode < 500 ? String(cause) : 'a fault of Cutover itself');
}
