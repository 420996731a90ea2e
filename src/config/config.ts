import { z } from 'zod';
import { addressed, sameAddress, type HostPort } from './address.js';
import type { DeepReadonly } from '../kernel/deep-readonly.js';
import { cluster } from './cluster.js';
import { device } from './device.js';
import { docker } from './docker.js';
import { problemsOf, type Problem } from './problems.js';
import { evenIfOthersThanStoreWrong, ownContainers, registry } from './registry.js';
import { evenIfOthersWrong, protectedLinks, security } from './security.js';
import {
  atLeast,
  bytes,
  choice,
  eachOnce,
  evenIfWrong,
  flag,
  logLevel,
  machine,
  port,
  seconds,
  section,
  share,
  text,
  whole,
  zone,
} from './values.js';

/**
 * The configuration file: one schema for types, defaults, problems, config.schema.json and
 * docs/configuration.md. Times are in seconds, sizes in bytes.
 */

const LOOPBACK = '127.0.0.1';

/** RFC 9110 §7.8: a token, and possibly another for its version. */
const PROTOCOL = /^[\w!#$%&'*+.^`|~-]+(\/[\w!#$%&'*+.^`|~-]+)?$/;

const proxy = addressed(
  {
    port: port(0).default(8080).describe('TCP port for clients; 0: the system chooses one'),
    backlog: whole(1, 65_535)
      .default(4096)
      .describe('connections that may wait to be taken; the system may allow fewer (somaxconn)'),
    trusted: addressed({ port: port(0).describe('TCP port; 0: the system chooses one') })
      .optional()
      .describe(
        'a second address, for trusted senders: every connection on it must begin with a PROXY ' +
          'protocol header (v1 or v2), which is refused on the main address',
      ),
    forwarded: choice(['replace', 'append'])
      .default('replace')
      .describe(
        'what becomes of X-Forwarded-* fields that clients send: replaced (not believed), or ' +
          'appended to',
      ),
    upgrades: z
      .array(text('the name of a protocol', PROTOCOL), { error: 'a list of protocols' })
      .default(['websocket'])
      .transform(names => names.map(name => name.toLowerCase()))
      .meta({
        expected: 'a list of protocols',
        description: 'protocols to which the Upgrade field may switch a connection',
      }),
  },
  LOOPBACK,
)
  .refine(({ trusted, ...main }) => trusted === undefined || !sameAddress(main, trusted), {
    error: 'another address than that of proxy itself',
    path: ['trusted'],
  })
  .prefault({})
  .describe('where clients connect');

const configService = addressed(
  {
    port: port(0).default(9090).describe('TCP port; 0: the system chooses one'),
    token: text('a bearer token of at least 16 visible characters', /^[\x21-\x7e]{16,4096}$/)
      .optional()
      .describe('what callers must bring; set it wherever others than this machine can connect'),
  },
  LOOPBACK,
)
  .prefault({})
  .describe('where the REST API of control listens');

const KEYS = 'a list of 1 to 16 keys';

const session = section({
  timeout: seconds()
    .default(1800)
    .describe('a client that pauses for longer begins a new session; an upgrade may say otherwise'),
  keys: z
    .array(text('a key of at least 32 bytes in base64', /^[A-Za-z0-9+/]{43,1368}={0,2}$/), {
      error: KEYS,
    })
    .min(1, { error: KEYS })
    .max(16, { error: KEYS })
    .superRefine(eachOnce(String, 'each key once'))
    .optional()
    .meta({
      expected: KEYS,
      description:
        'sign the cookie of sessions: the first one signs, all are believed, so that keys can be ' +
        'changed one after another; default: control makes one and keeps it in the registry',
    }),
  secure: flag()
    .default(false)
    .describe('clients come over https only: browsers then send the cookie over nothing else'),
})
  .prefault({})
  .describe("clients' sessions, which a signed cookie tells");

const rescue = section({
  patience: seconds()
    .default(10)
    .describe(
      'a server of the version that users move to is given up for another one, if it has not begun ' +
        'its answer by then and the request is safe to repeat',
    ),
  hold: bytes(0)
    .default(65_536)
    .describe(
      'of an answer of the version that users move to, kept until it is whole: so that a crash in the ' +
        'middle of an answer can be rescued; larger ones, and event streams, flow at once',
    ),
  idempotencyKeys: flag()
    .default(false)
    .describe('the servers honour Idempotency-Key: requests that have it are safe to repeat'),
  share: share()
    .default(0.2)
    .describe(
      'at most so many requests are sent again in the whole system, as a part of all of the last ten seconds …',
    ),
  perSecond: whole(0)
    .default(10)
    .describe('… and so many each second besides, which all workers share'),
})
  .prefault({})
  .describe('answering requests that the newer version fails from the older one');

const NAMES = 'a list of names of fields';
const POINTERS = 'a list of JSON Pointers, such as "/items/*/price"';

const comparison = section({
  patience: seconds()
    .default(0.5)
    .describe("how long the older version's answer waits for the newer one to be compared with"),
  fields: z
    .array(text('the name of a field', /^[\w!#$%&'*+.^`|~-]{1,128}$/), { error: NAMES })
    .max(100, { error: NAMES })
    .default([])
    .meta({ expected: NAMES, description: 'fields of answers that may differ' }),
  pointers: z
    .array(text('a JSON Pointer (RFC 6901)', /^(\/[^\x00-\x1f]*)?$/), { error: POINTERS })
    .max(100, { error: POINTERS })
    .default([])
    .meta({
      expected: POINTERS,
      description: 'places in JSON bodies that may differ; * stands for every item of a list',
    }),
  evidence: flag()
    .default(true)
    .describe(
      'of answers that differ excerpts are kept for `why` and the dashboard: the last 5 of an upgrade, ' +
        '2,048 characters of a body, without what looks like a secret, in the memory of control only',
    ),
})
  .prefault({})
  .describe('comparing the answers of two versions (CONCURRENT)');

const monitor = section({
  policy: choice(['rollback', 'freeze', 'alert'])
    .default('rollback')
    .describe(
      'when the newer version is found unhealthy: users go back at once; or nobody new moves to it; ' +
        'or it is only told',
    ),
  observation: seconds()
    .default(300)
    .describe('how long INSTANT is watched before the upgrade is complete'),
  minimumSample: whole(1).default(20).describe('exchanges before anything is concluded'),
  falseAlarms: share()
    .default(0.001)
    .describe('how likely, at most, a version that is no worse is ever found unhealthy'),
  tolerance: share()
    .default(0.01)
    .describe('how much larger its share of failed, slow or odd exchanges may be'),
  slower: atLeast(1)
    .default(3)
    .describe('an answer is slow if it takes so many times the typical 95th percentile'),
  larger: atLeast(1)
    .default(3)
    .describe(
      "an answer's size is odd if it is so many times larger than the typical 95th percentile, or " +
        'smaller than the 5th',
    ),
  mostFailures: share()
    .default(0.05)
    .describe('the share of failed exchanges that is too much, whatever is typical'),
})
  .prefault({})
  .describe('how the newer version is judged');

const place = section({
  host: machine()
    .optional()
    .describe(
      'the machine that a process runs on: frontends give requests to workers on their own first; ' +
        'default: its hostname. In containers, which have each their own, say that of the machine',
    ),
  zone: zone()
    .optional()
    .describe(
      'the zone that a process runs in: frontends ask workers, and workers ask servers (`zone` in ' +
        'cluster.servers), of their own zone before others; default: none is known',
    ),
})
  .prefault({})
  .describe('where processes run, so that near ones are asked first');

/** How many processes `cutover up` starts. */
export const counts = { workers: whole(1, 64), frontends: whole(1, 16) } as const;

const workers = section({
  count: counts.workers.default(2).describe('how many workers `cutover up` starts'),
})
  .prefault({})
  .describe('worker processes');

const frontends = section({
  count: counts.frontends.default(1).describe('how many frontends `cutover up` starts'),
})
  .prefault({})
  .describe('frontend processes');

const timeouts = section({
  head: seconds().default(15).describe('for the head of a request to arrive'),
  body: seconds()
    .default(30)
    .describe('for the body of a request to arrive, plus one second for each KiB that did'),
  idle: seconds().default(75).describe("a client's connection without a request"),
  queue: seconds().default(10).describe('a request waits for a worker'),
  connect: seconds().default(3).describe('for a connection to a server'),
  answer: seconds().default(60).describe("for the head of a server's answer"),
  stream: seconds().default(600).describe("silence in the middle of an answer's body"),
  tunnel: seconds().default(3600).describe('silence in a tunnel (WebSocket)'),
  write: seconds().default(60).describe('a client takes nothing of its answer'),
  serverIdle: seconds().default(4).describe('a connection to a server is kept without a request'),
  drain: seconds().default(30).describe('what is in flight may take so long to finish at the end'),
  drainTunnel: seconds()
    .default(30)
    .describe('a tunnel (WebSocket) may stay open so long at the end, whatever drain says'),
})
  .prefault({})
  .describe('how long to wait');

const RATIO = 'a number from 0 to 1';

/** The pattern, which editors can check too, does not know all. */
const isUrl = (text: string) => URL.canParse(text);

/** A head travels over the device in one message. */
const MOST_HEAD = 1_048_576;

const limits = section({
  head: bytes(1, MOST_HEAD).default(32_768).describe('of the start line and fields of a message'),
  target: bytes().default(8192).describe('of the target in the start line'),
  fields: whole(1).default(100).describe('field lines of a message'),
  body: bytes(0).default(1_073_741_824).describe("of a request's body"),
  memory: bytes(0)
    .default(65_536)
    .describe('of a body kept in memory; larger ones go to a temporary file'),
  pipeline: bytes(0).default(1_048_576).describe('of further requests waiting on a connection'),
  spooled: bytes(0)
    .default(17_179_869_184)
    .describe('of all bodies in temporary files of a frontend together; beyond it clients get 503'),
  connections: whole(1)
    .optional()
    .describe('client connections of a frontend; default: what the limit of open files allows'),
  queue: whole(0).default(1000).describe('requests that wait for a worker in a frontend'),
  outstanding: whole(1).default(4096).describe('exchanges that a worker has at a time'),
  serverConnections: whole(1).default(1024).describe('connections of a worker to one server'),
  spool: text('the path of a folder', /./)
    .optional()
    .describe("folder for temporary files; default: the system's (TMPDIR)"),
})
  .prefault({})
  .describe('how much to take');

const log = section({
  level: logLevel().default('info').describe('the least urgent lines that are written'),
})
  .prefault({})
  .describe('log lines, on standard output');

const accessLog = section({
  file: text('the path of a file, or - for standard output', /./).describe(
    'where to; it is opened anew when it has been moved away',
  ),
  format: choice(['json', 'combined'])
    .default('json')
    .describe(
      'json: all that is known, an object in each line; combined: as the Apache HTTP server',
    ),
  queries: flag()
    .default(false)
    .describe('what follows ? in targets and referers is written as well: it may hold secrets'),
})
  .optional()
  .describe('a line for each request; without this section there is no access log');

const telemetry = section({
  ids: flag()
    .default(true)
    .describe(
      'X-Request-Id and traceparent of clients are checked and passed on, or made; answers have ' +
        'X-Request-Id',
    ),
  answerHeader: flag()
    .default(false)
    .describe('answers say in the field Cutover which version has answered, and how'),
  otlp: section({
    endpoint: text(
      'a URL, such as "http://127.0.0.1:4318/v1/traces"',
      /^https?:\/\/[!-~]+$/,
      isUrl,
    ).describe('where spans are sent, as JSON over HTTP'),
    share: z
      .number({ error: RATIO })
      .min(0, { error: RATIO })
      .max(1, { error: RATIO })
      .default(1)
      .meta({
        expected: RATIO,
        description:
          'of the traces that begin here, so many are sampled; of others their beginning says it',
      }),
  })
    .optional()
    .describe('spans for OpenTelemetry; without this section there are none'),
})
  .refine(({ ids, otlp }) => ids || otlp === undefined, {
    error: 'true: telemetry.otlp needs it',
    path: ['ids'],
    when: evenIfWrong,
  })
  .prefault({})
  .describe('what is told of single requests');

/** The whole file. */
export const schema = section({
  $schema: text('the address of a JSON Schema', /./)
    .optional()
    .describe('the address of config.schema.json, for editors'),
  proxy,
  configService,
  cluster: cluster.describe('the version that is served, and by which servers'),
  device,
  place,
  security,
  registry,
  session,
  rescue,
  comparison,
  monitor,
  docker,
  workers,
  frontends,
  timeouts,
  limits,
  log,
  accessLog,
  telemetry,
})
  .refine(enoughAddresses, {
    error: 'no more than there are addresses in device.frontends',
    path: ['frontends', 'count'],
  })
  .refine(servesOthers, {
    error: 'other addresses than those of proxy itself',
    path: ['cluster', 'servers'],
  })
  .superRefine(protectedLinks, { when: evenIfOthersWrong })
  .superRefine(ownContainers, { when: evenIfOthersThanStoreWrong })
  .transform(withoutSchema);

/** Only editors read it. */
function withoutSchema<Value extends { $schema?: unknown }>(value: Value): Omit<Value, '$schema'> {
  const config = { ...value };
  delete config.$schema;
  return config;
}

interface Frontends {
  readonly device: { readonly frontends: readonly string[] };
  readonly frontends: { readonly count: number };
}

interface Addresses {
  readonly proxy: HostPort & { readonly trusted?: HostPort | undefined };
  readonly cluster: { readonly servers: readonly HostPort[] };
}

/** A proxy in front of itself would ask itself until the head is too large. */
function servesOthers({ proxy, cluster }: Addresses): boolean {
  return cluster.servers.every(
    server =>
      !sameAddress(server, proxy) &&
      (proxy.trusted === undefined || !sameAddress(server, proxy.trusted)),
  );
}

function enoughAddresses({ device, frontends }: Frontends): boolean {
  return device.frontends.length === 0 || frontends.count <= device.frontends.length;
}

/** A configuration without problems: every default filled in. */
export type Config = DeepReadonly<z.output<typeof schema>>;
export type LogLevel = Config['log']['level'];

export type Parsed =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function parseConfig(value: unknown): Parsed {
  const { success, data, error } = schema.safeParse(value);
  return success
    ? { ok: true, config: data }
    : { ok: false, problems: problemsOf(error.issues, value) };
}
