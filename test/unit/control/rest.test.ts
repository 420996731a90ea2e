import { expect } from 'chai';
import type { FastifyInstance } from 'fastify';
import { addressProblems } from '../../../src/control/addresses.js';
import { Registrar } from '../../../src/control/registrar.js';
import * as answers from '../../../src/control/answers.js';
import { restApi, verbNames, type RestHost } from '../../../src/control/rest.js';
import type { Live } from '../../../src/control/live.js';
import type { Judgement } from '../../../src/control/judged.js';
import type { ShownVersion } from '../../../src/control/shown.js';
import type { LiveSessions, ShownEvent, Why } from '../../../src/control/why.js';
import { share, versionId, type VersionId } from '../../../src/kernel/ids.js';
import { pairOf } from '../verdict/pair-of.js';
import { ok } from '../verdict/seen.js';
import { emptyDossier } from '../../../src/verdict/dossier.js';
import {
  firstTable,
  type NewVersion,
  type RoutingTable,
} from '../../../src/versions/routing-table.js';

const BASE = '/configuration/cluster';
const v1 = versionId('v1');
const v2 = versionId('v2');

interface Stand {
  readonly app: FastifyInstance;
  readonly saved: RoutingTable[];
  readonly announced: RoutingTable[];
  /** Why nothing can be saved; undefined: it can. */
  broken: string | undefined;
  notReady: string | undefined;
  /** What is known of `v2`. */
  why: Why | undefined;
  sessions: LiveSessions | undefined;
  judgement: Judgement | undefined;
  /** 0 to 1. */
  progress: number | undefined;
  readonly events: ShownEvent[];
  start: RestHost['start'];
  /** Why these may not be removed. */
  readonly kept: Map<VersionId, string>;
}

function stand(token?: string): Stand {
  const saved: RoutingTable[] = [];
  const announced: RoutingTable[] = [];
  let ids = 1;
  const table = firstTable({
    id: v1,
    number: '1.0',
    servers: [{ host: '127.0.0.1', port: 9101 }],
    transition: { mode: 'INSTANT' },
  });
  const registrar = new Registrar(
    { table, keys: [] },
    {
      save(registered) {
        if (made.broken !== undefined) return Promise.reject(new Error(made.broken));
        saved.push(registered.table);
        return Promise.resolve();
      },
      announce: registered => announced.push(registered.table),
      spread: () => Promise.resolve(),
      advances: () => [],
    },
  );
  const own = [{ host: '127.0.0.1', port: 8080 }];
  const resolve = (name: string) =>
    name === 'app.internal'
      ? Promise.resolve(['10.0.0.7'])
      : Promise.reject(new Error('ENOTFOUND'));
  const made: Omit<Stand, 'app'> = {
    saved,
    announced,
    broken: undefined,
    notReady: undefined,
    why: undefined,
    sessions: undefined,
    judgement: undefined,
    progress: undefined,
    events: [],
    start: () => Promise.resolve({ kind: 'refused', problems: [] }),
    kept: new Map(),
  };
  const app = restApi(
    {
      get table() {
        return registrar.table;
      },
      get spread() {
        return { edition: registrar.table.edition, followers: 2, acknowledged: 1, workers: 1 };
      },
      change: change => registrar.change(change),
      start: (id, cluster) => made.start(id, cluster),
      mayNotRemove: id => made.kept.get(id),
      problems: servers => addressProblems(servers, { own, resolve }),
      newId: () => versionId(`v${++ids}`),
      notReady: () => made.notReady,
      release: '1.2.3',
      why: id => (id === v2 ? made.why : undefined),
      sessions: id => (id === v2 ? made.sessions : undefined),
      judgement: id => (id === v2 ? made.judgement : undefined),
      progress: id => (id === v2 && made.progress !== undefined ? share(made.progress) : undefined),
      events: made.events,
      live: () => shownLive,
      watch: () => false,
      metrics: accept =>
        Promise.resolve({ contentType: 'text/plain; charset=utf-8', text: `for ${accept ?? ''}` }),
      rotate: () =>
        Promise.resolve(
          made.broken === undefined
            ? { kind: 'done', table: registrar.table }
            : { kind: 'not-durable', because: made.broken },
        ),
    },
    token,
  );
  return Object.assign(made, { app });
}

const server = { ip: '127.0.0.1', port: 9102 };
const shownLive: Live = {
  at: '2026-01-01T00:00:00.000Z',
  release: '1.2.3',
  policy: 'rollback',
  spread: { edition: 1, followers: 2, acknowledged: 1, workers: 1 },
  versions: [],
  processes: [],
  events: [],
};
const put = (app: FastifyInstance, cluster: unknown) =>
  app.inject({ method: 'PUT', url: BASE, payload: { cluster } as object });
const listed = async (app: FastifyInstance) => (await app.inject(BASE)).json<ShownVersion[]>();

const tally = {
  exchanges: 120,
  failed: 2,
  failedBy: { ERR_SERVER_RESET: 1, '5xx': 1 },
  different: 0,
  repeats: 1,
  delay: { p50: 1.5, p95: 20, p99: 30 },
  size: undefined,
};
const known: Why = JSON.parse(
  JSON.stringify({
    id: 'v2',
    version: '2.0',
    verdict: 'unhealthy',
    because: 'it fails more often',
    signal: 'failures',
    since: '2026-01-01T00:00:00.000Z',
    until: '2026-01-01T00:01:00.000Z',
    newer: tally,
    stable: tally,
    typical: { ...tally, delay: undefined, size: { p50: 100, p95: 200, p99: 300 } },
    evidence: {
      failures: { strength: 8, needed: 6.7 },
      delay: { strength: 0, needed: 6.7 },
      size: { strength: 0, needed: 6.7 },
      answers: { strength: 0, needed: 6.7 },
    },
    examples: {
      ...emptyDossier,
      answers: [
        {
          ...ok,
          at: 1_700_000_000_000,
          method: 'GET',
          target: '/a?…',
          outcome: 'different',
          pair: pairOf('{}'),
        },
      ],
      failures: [
        {
          at: 1_700_000_000_000,
          version: v2,
          server: '127.0.0.1:9102',
          route: 'GET /a',
          method: 'GET',
          target: '/a?…',
          outcome: 'failed',
          code: 'ERR_SERVER_RESET',
          status: undefined,
          delay: 12.5,
          bytes: undefined,
          attempt: 1,
        },
      ],
    },
  } satisfies Why),
) as Why; // JSON has no undefined

const happened: ShownEvent = {
  at: '2026-01-01T00:00:00.000Z',
  id: 'v2',
  version: '2.0',
  what: 'demoted',
  because: 'it fails more often',
  edition: 3,
};

describe('the REST API', () => {
  let at: Stand;
  beforeEach(() => (at = stand()));
  afterEach(() => at.app.close());

  it('adds a version, newest first, durable before it is announced', async () => {
    const answer = await put(at.app, { servers: [server], version: '2.0' });
    expect(answer.statusCode).to.equal(202);
    expect(answer.json()).to.deep.equal({ id: 'v2', edition: 2 });
    expect(at.saved).to.deep.equal(at.announced);
    expect((await listed(at.app)).map(({ version, state }) => [version, state])).to.deep.equal([
      ['2.0', 'running'],
      ['1.0', 'complete'],
    ]);
  });

  it('shows one version with all that was given', async () => {
    const upgradeTransition = { mode: 'GRADUAL', percentageTransitionPerRequest: 0.5 };
    await put(at.app, { servers: [server], version: '2.0', upgradeTransition });
    const answer = await at.app.inject(`${BASE}/v2`);
    expect(answer.json()).to.deep.equal({
      id: 'v2',
      version: '2.0',
      servers: [server],
      upgradeTransition,
      state: 'running',
      progress: 0,
    });
  });

  it('keeps, announces and shows the zones of servers, of those that have one', async () => {
    const servers = [
      { ...server, zone: 'a' },
      { ...server, port: server.port + 1 },
    ];
    await put(at.app, { servers, version: '2.0' });
    expect(at.announced.at(-1)?.versions[0].servers).to.deep.equal(
      servers.map(({ ip, ...rest }) => ({ host: ip, ...rest })),
    );
    const [newest] = await listed(at.app);
    expect(newest?.servers).to.deep.equal(servers);
  });

  it('shows sessions and verdict of a version of which they are known, and of no other', async () => {
    at.sessions = { count: 37, isExact: true, endIn: 720 };
    at.judgement = { verdict: 'inconclusive', exchanges: 120 };
    await put(at.app, { servers: [server], version: '2.0' });
    const [newer, stable] = await listed(at.app);
    expect(newer).to.deep.include({
      sessions: { count: 37, isExact: true, endIn: 720 },
      verdict: 'inconclusive',
      exchanges: 120,
    });
    expect(stable).not.to.have.any.keys('sessions', 'verdict', 'exchanges', 'progress');
  });

  const paces: readonly {
    present?: number;
    steps?: readonly number[];
    shows: number;
    why: string;
  }[] = [
    { shows: 25, why: 'of the table, where nothing newer is known' },
    { present: 0.5, shows: 50, why: 'of this moment' },
    { present: 0.2, shows: 25, why: 'of the table, where control knows less: it never falls' },
    { present: 0.5, steps: [10, 40, 80], shows: 40, why: 'that the steps let through' },
    { present: 1, steps: [10, 40], shows: 100, why: 'whole, also where no step says so' },
  ];
  for (const { present, steps, shows, why } of paces) {
    it(`shows ${shows} %: the share ${why}`, async () => {
      const upgradeTransition = {
        mode: 'GRADUAL',
        percentageTransitionPerRequest: 1,
        ...(steps !== undefined && { steps }),
      };
      await put(at.app, { servers: [server], version: '2.0', upgradeTransition });
      at.progress = 0.25;
      await at.app.inject({ method: 'POST', url: `${BASE}/v2/pause` });
      at.progress = present;
      expect((await listed(at.app))[0]?.progress).to.equal(shows);
    });
  }

  it('pauses at the share of this moment, so that a later resume goes on there', async () => {
    const upgradeTransition = { mode: 'GRADUAL', percentageTransitionPerRequest: 1 };
    await put(at.app, { servers: [server], version: '2.0', upgradeTransition });
    at.progress = 0.625;
    await at.app.inject({ method: 'POST', url: `${BASE}/v2/pause` });
    expect(at.saved.at(-1)?.versions[0].state).to.deep.equal({ name: 'paused', progress: 0.625 });
  });

  it('tells why', async () => {
    await put(at.app, { servers: [server], version: '2.0' });
    at.why = known;
    const answer = await at.app.inject(`${BASE}/v2/why`);
    expect(answer.statusCode).to.equal(200);
    expect(answer.json()).to.deep.equal(known);
  });

  it('answers 404 to why where nothing is known yet, and says of which version', async () => {
    const answer = await at.app.inject(`${BASE}/v1/why`);
    expect([answer.statusCode, answer.json()]).to.deep.equal([
      404,
      { error: 'nothing is known yet of how version 1.0 behaves' },
    ]);
  });

  it('tells what happened', async () => {
    expect((await at.app.inject('/events')).json()).to.deep.equal([]);
    at.events.push(happened);
    expect((await at.app.inject('/events')).json()).to.deep.equal([happened]);
  });

  it('shows metrics in the format that is asked for', async () => {
    const accept = 'application/openmetrics-text';
    const answer = await at.app.inject({ url: '/metrics', headers: { accept } });
    expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8');
    expect(answer.body).to.equal(`for ${accept}`);
  });

  it('shows what the dashboard shows', async () => {
    const answer = await at.app.inject('/live');
    expect(answer.headers['cache-control']).to.equal('no-store');
    expect(answer.json()).to.deep.equal(shownLive);
  });

  it('answers 503 to who wants to look where as many look as may', async () => {
    const answer = await at.app.inject('/live/events');
    expect(answer.statusCode).to.equal(503);
    expect(answer.json<{ error: string }>().error).to.contain('as many look as may');
  });

  it('has no stream without a body', async () => {
    const answer = await at.app.inject({ method: 'HEAD', url: '/live/events' });
    expect(answer.statusCode).to.equal(404);
  });

  it('rotates the keys, or says why it cannot', async () => {
    const rotate = () => at.app.inject({ method: 'POST', url: '/configuration/keys/rotate' });
    const answer = await rotate();
    expect([answer.statusCode, answer.json()]).to.deep.equal([202, { edition: 1 }]);
    at.broken = 'the disk is full';
    expect((await rotate()).statusCode).to.equal(503);
  });

  it('says superseded of an upgrade that a newer version has overtaken', async () => {
    await put(at.app, { servers: [server], version: '2.0' });
    await put(at.app, { servers: [server], version: '3.0' });
    expect((await listed(at.app)).map(({ state }) => state)).to.deep.equal([
      'running',
      'superseded',
      'complete',
    ]);
  });

  it('removes a version', async () => {
    await put(at.app, { servers: [server], version: '2.0' });
    const answer = await at.app.inject({ method: 'DELETE', url: `${BASE}/v2` });
    expect(answer.statusCode).to.equal(202);
    expect(await listed(at.app)).to.have.length(1);
  });

  it('answers 404 to every call about an id that nobody has, and changes nothing', async () => {
    const calls = [
      { method: 'GET', url: `${BASE}/none` },
      { method: 'GET', url: `${BASE}/none/why` },
      { method: 'DELETE', url: `${BASE}/none` },
      ...verbNames.map(verb => ({ method: 'POST', url: `${BASE}/none/${verb}` })),
    ] as const;
    for (const call of calls) {
      const answer = await at.app.inject(call);
      expect(answer.statusCode, call.url).to.equal(404);
      expect(answer.json<{ error: string }>().error).to.contain('no version with this id');
    }
    expect(at.saved).to.be.empty;
  });

  it('answers 409 when nothing that may serve would remain', async () => {
    const answer = await at.app.inject({ method: 'DELETE', url: `${BASE}/v1` });
    expect(answer.statusCode).to.equal(409);
    expect(answer.json<{ error: string }>().error).to.contain('would remain');
    expect(at.announced).to.be.empty;
  });

  const walks = [
    { verbs: ['pause'], ends: 'paused' },
    { verbs: ['pause', 'resume'], ends: 'running' },
    { verbs: ['promote'], ends: 'complete' },
    { verbs: ['abort'], ends: 'aborted' },
    { verbs: ['abort', 'resume'], ends: 'running' },
  ] as const;
  for (const { verbs, ends } of walks) {
    it(`takes ${verbs.join(', ')} and ends ${ends}`, async () => {
      await put(at.app, { servers: [server], version: '2.0' });
      for (const verb of verbs) {
        const answer = await at.app.inject({ method: 'POST', url: `${BASE}/v2/${verb}` });
        expect(answer.statusCode, verb).to.equal(202);
      }
      expect((await listed(at.app))[0]?.state).to.equal(ends);
    });
  }

  it('answers 409 to a verb that is not possible in the present state, and says which it is', async () => {
    for (const verb of verbNames) {
      const answer = await at.app.inject({ method: 'POST', url: `${BASE}/v1/${verb}` });
      expect(answer.statusCode, verb).to.equal(409);
      expect(answer.json<{ error: string }>().error).to.contain('version 1.0 is complete');
    }
  });

  it('answers 503 with the reason when nothing can be saved, and goes on when it can', async () => {
    at.broken = 'the disk is full';
    const refused = await put(at.app, { servers: [server], version: '2.0' });
    expect(refused.statusCode).to.equal(503);
    expect(refused.json()).to.deep.equal({ error: 'the disk is full' });
    expect(await listed(at.app)).to.have.length(1);
    expect(at.announced).to.be.empty;
    at.broken = undefined;
    expect((await put(at.app, { servers: [server], version: '2.0' })).statusCode).to.equal(202);
  });

  it('makes every change of many at the same time, one after the other', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => put(at.app, { servers: [server], version: `2.${n}` })),
    );
    const editions = answers.map(answer => answer.json<{ edition: number }>().edition);
    expect([...editions].toSorted((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 20 }, (_, n) => n + 2),
    );
    expect(await listed(at.app)).to.have.length(21);
  });

  const bad: readonly { what: string; cluster: unknown; paths: readonly string[] }[] = [
    { what: 'nothing', cluster: undefined, paths: ['cluster'] },
    {
      what: 'an unknown field',
      cluster: { servers: [server], colour: 1 },
      paths: ['cluster.colour'],
    },
    {
      what: 'wrong types, all at once',
      cluster: { servers: [{ ip: 5, port: '1' }], version: 1.5 },
      paths: ['cluster.servers[0].ip', 'cluster.servers[0].port', 'cluster.version'],
    },
    {
      what: 'SESSION without sessionTimeout',
      cluster: { servers: [server], upgradeTransition: { mode: 'SESSION' } },
      paths: ['cluster.upgradeTransition.sessionTimeout'],
    },
    {
      what: 'GRADUAL with neither percentage nor duration',
      cluster: { servers: [server], upgradeTransition: { mode: 'GRADUAL' } },
      paths: ['cluster.upgradeTransition'],
    },
    {
      what: 'GRADUAL with both',
      cluster: {
        servers: [server],
        upgradeTransition: { mode: 'GRADUAL', percentageTransitionPerRequest: 1, duration: '1d' },
      },
      paths: ['cluster.upgradeTransition'],
    },
    {
      what: 'a percentage where there is none',
      cluster: {
        servers: [server],
        upgradeTransition: { mode: 'INSTANT', percentageTransitionPerRequest: 1 },
      },
      paths: ['cluster.upgradeTransition.percentageTransitionPerRequest'],
    },
    {
      what: 'a server listed twice',
      cluster: { servers: [server, server] },
      paths: ['cluster.servers[1]'],
    },
    {
      what: 'names and addresses that are no server',
      cluster: {
        servers: [
          { hostname: 'app.internal', port: 80 },
          { hostname: 'nobody.internal', port: 80 },
          { ip: '0.0.0.0', port: 80 },
          { ip: '224.0.0.1', port: 80 },
          { ip: '::', port: 80 },
          { ip: '::ffff:0.0.0.0', port: 80 },
          { ip: 'ff02::1', port: 80 },
          { ip: '127.0.0.1', port: 8080 },
        ],
      },
      paths: [1, 2, 3, 4, 5, 6, 7].map(index => `cluster.servers[${index}]`),
    },
  ];
  for (const { what, cluster, paths } of bad) {
    it(`answers 400 with every path to ${what}, and changes nothing`, async () => {
      const answer = await put(at.app, cluster);
      expect(answer.statusCode).to.equal(400);
      const { problems } = answer.json<{ problems: readonly { path: string }[] }>();
      expect(problems.map(({ path }) => path)).to.deep.equal(paths);
      expect(at.saved).to.be.empty;
    });
  }

  for (const payload of ['', '{', 'null', '[]', '"cluster"', '\u0000']) {
    it(`answers 400 to the body ${JSON.stringify(payload)}`, async () => {
      const headers = { 'content-type': 'application/json' };
      const answer = await at.app.inject({ method: 'PUT', url: BASE, payload, headers });
      expect(answer.statusCode).to.equal(400);
      expect(answer.json()).to.have.nested.property('problems[0].message');
    });
  }

  it('answers 400 to a body over 1 MiB', async () => {
    const answer = await put(at.app, { servers: [server], version: '1'.repeat(1_048_577) });
    expect(answer.statusCode).to.equal(400);
    expect(answer.body).to.contain('at most 1048576 bytes');
  });

  it('takes a body of whatever type it says it is: scripts forget to say', async () => {
    const payload = JSON.stringify({ cluster: { servers: [server], version: '2.0' } });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await at.app.inject({ method: 'PUT', url: BASE, payload, headers });
    expect(answer.statusCode).to.equal(202);
  });

  it('says whether it is alive, ready, and how far the table has spread', async () => {
    expect((await at.app.inject('/healthz')).json()).to.deep.equal({ alive: true });
    expect((await at.app.inject('/readyz')).statusCode).to.equal(200);
    at.notReady = 'no worker is connected';
    const answer = await at.app.inject('/readyz');
    expect([answer.statusCode, answer.json()]).to.deep.equal([
      503,
      { error: 'no worker is connected' },
    ]);
    expect((await at.app.inject('/configuration')).json()).to.deep.equal({
      edition: 1,
      followers: 2,
      acknowledged: 1,
      workers: 1,
    });
  });

  it('describes in its OpenAPI document every call that it answers', async () => {
    const { paths, info } = (await at.app.inject('/openapi.json')).json<{
      paths: Record<string, Record<string, unknown>>;
      info: { version: string };
    }>();
    expect(info.version).to.equal('1.2.3');
    for (const [path, calls] of Object.entries(paths)) {
      for (const method of Object.keys(calls).filter(key => key !== 'parameters')) {
        const url = path.replace('{id}', ':id');
        const known = at.app.hasRoute({ method: method.toUpperCase(), url });
        expect(known, `${method} ${path}`).to.equal(true);
      }
    }
    expect(Object.keys(paths)).to.have.members([
      '/configuration',
      '/configuration/cluster',
      '/configuration/cluster/{id}',
      '/configuration/cluster/{id}/why',
      ...verbNames.map(verb => `/configuration/cluster/{id}/${verb}`),
      '/configuration/keys/rotate',
      '/events',
      '/live',
      '/live/events',
      '/metrics',
      '/healthz',
      '/readyz',
      '/openapi.json',
    ]);
  });

  it('gives every answer as its OpenAPI document says', async () => {
    const upgradeTransition = { mode: 'GRADUAL', duration: '14d', steps: [10, 50] };
    at.sessions = { count: 1, isExact: false, endIn: 0.5 };
    at.judgement = { verdict: 'unhealthy', exchanges: 9 };
    at.why = known;
    at.events.push(happened);
    await put(at.app, { servers: [server], version: '2.0', upgradeTransition });
    const calls = [
      { url: '/configuration', schema: answers.spread },
      { url: BASE, schema: answers.version.array() },
      { url: `${BASE}/v2`, schema: answers.version },
      { url: `${BASE}/v2/why`, schema: answers.why },
      { url: '/events', schema: answers.event.array() },
      { url: '/live', schema: answers.live },
      { url: '/live/events', schema: answers.error },
      { url: '/healthz', schema: answers.alive },
      { url: '/readyz', schema: answers.ready },
      { url: `${BASE}/v2/pause`, method: 'POST', schema: answers.accepted },
      { url: '/configuration/keys/rotate', method: 'POST', schema: answers.rotated },
      { url: BASE, method: 'PUT', schema: answers.error },
      { url: '/nothing', schema: answers.error },
    ] as const;
    for (const { schema, ...call } of calls) {
      const { error } = schema.safeParse((await at.app.inject(call)).json());
      expect(error, call.url).to.equal(undefined);
    }
  });

  it('answers 404 where there is nothing', async () => {
    expect((await at.app.inject('/nothing')).statusCode).to.equal(404);
  });

  it('refuses pages from elsewhere, and takes those from here', async () => {
    const from = (origin: string) =>
      at.app.inject({ url: BASE, headers: { origin, host: 'localhost:9090' } });
    expect((await from('https://evil.example')).statusCode).to.equal(403);
    expect((await from('null')).statusCode).to.equal(403);
    expect((await from('http://localhost:9090')).statusCode).to.equal(200);
  });

  describe('for containers', () => {
    const containers = { image: 'shop/app', portToProxy: 80 };
    const servers: NewVersion['servers'] = [{ host: '127.0.0.1', port: 49_153 }];

    it('adds their cluster once they are ready, and says so to whoever started them', async () => {
      const told: number[] = [];
      at.start = () =>
        Promise.resolve({ kind: 'ready', servers, whenKnown: () => told.push(at.saved.length) });
      const answer = await put(at.app, { version: '2.0', containers });
      expect(answer.statusCode).to.equal(202);
      expect(told).to.deep.equal([1], 'when it is durable');
      const [newest] = await listed(at.app);
      expect(newest).to.include({ version: '2.0', owner: 'containers' });
      expect(newest?.servers).to.deep.equal([{ ip: '127.0.0.1', port: 49_153 }]);
    });

    it('adds nothing where they do not become ready, and says why', async () => {
      at.start = () => Promise.resolve({ kind: 'failed', because: 'cannot pull shop/app' });
      const answer = await put(at.app, { version: '2.0', containers });
      expect(answer.statusCode).to.equal(502);
      expect(answer.json()).to.deep.equal({ error: 'cannot pull shop/app' });
      expect(at.saved).to.deep.equal([]);
    });

    it('lets go of them where the registry cannot be written', async () => {
      let isTold = false;
      at.start = () =>
        Promise.resolve({ kind: 'ready', servers, whenKnown: () => (isTold = true) });
      at.broken = 'the disk is full';
      expect((await put(at.app, { version: '2.0', containers })).statusCode).to.equal(503);
      expect(isTold).to.equal(true);
    });

    it('removes none that would come again at once', async () => {
      at.kept.set(v1, 'it comes from labels');
      const answer = await at.app.inject({ method: 'DELETE', url: `${BASE}/v1` });
      expect(answer.statusCode).to.equal(409);
      expect(answer.json()).to.deep.equal({ error: 'it comes from labels' });
      expect(at.saved).to.deep.equal([]);
    });
  });
});

describe('the REST API with a token', () => {
  const at = stand('secret');
  after(() => at.app.close());

  for (const { authorization, status } of [
    { authorization: undefined, status: 401 },
    { authorization: 'Bearer wrong!', status: 401 },
    { authorization: 'Bearer secret2', status: 401 },
    { authorization: 'Basic secret', status: 401 },
    { authorization: 'Bearer secret', status: 200 },
    { authorization: 'bearer secret', status: 200 },
  ]) {
    it(`answers ${status} to ${authorization ?? 'nobody'}`, async () => {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await at.app.inject({ url: BASE, headers });
      expect(answer.statusCode).to.equal(status);
      if (status === 401) expect(answer.headers['www-authenticate']).to.equal('Bearer');
    });
  }

  it('tells nothing of versions without it: not why, not what happened, no metrics', async () => {
    const urls = [`${BASE}/v1/why`, '/events', '/live', '/live/events', '/metrics'];
    for (const url of urls) {
      expect((await at.app.inject(url)).statusCode, url).to.equal(401);
    }
    const headers = { authorization: 'Bearer secret' };
    expect((await at.app.inject({ url: '/metrics', headers })).statusCode).to.equal(200);
  });

  it('lets nobody rotate keys without it', async () => {
    const answer = await at.app.inject({ method: 'POST', url: '/configuration/keys/rotate' });
    expect(answer.statusCode).to.equal(401);
  });

  it('shows the document of the API, and pages, without it: they tell nothing', async () => {
    expect((await at.app.inject('/openapi.json')).statusCode).to.equal(200);
    expect((await at.app.inject('/')).statusCode).to.equal(302);
  });

  it('lets probes in without it: they tell nothing', async () => {
    expect((await at.app.inject('/healthz')).statusCode).to.equal(200);
    expect((await at.app.inject('/readyz')).statusCode).to.equal(200);
  });
});
