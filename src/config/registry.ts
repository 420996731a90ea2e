import { z } from 'zod';
import { isLoopback } from './address.js';
import { choice, eachOnce, evenIfWrong, flag, host, isObject, section, text } from './values.js';

/** Where control keeps versions, keys and progress. */

const ENDPOINTS = 'a list of 1 to 16 addresses, such as "https://etcd-1.internal:2379"';
const MOST_ENDPOINTS = 16;

const endpoint = () =>
  text(
    'https://HOST:PORT or http://HOST:PORT',
    /^https?:\/\/[^\s/?#@]+:\d{1,5}$/,
    value => endpointPlace(value) !== undefined,
  );

/** Where an address of etcd is; undefined: it is none. */
function endpointPlace(address: string) {
  const [, scheme, bracketed, plain = '', port] =
    /^(https?):\/\/(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const name = bracketed ?? plain;
  const number = Number(port);
  if (!host().safeParse(name).success || !(number >= 1 && number <= 65_535)) return undefined;
  return { isProtected: scheme === 'https', isOwn: isLoopback(name) };
}

const path = () => text('the path of a file', /./);

const tls = section({
  ca: path()
    .optional()
    .describe('certificates (PEM) of those who may sign for etcd; default: those of Node'),
  cert: path().optional().describe('our certificate (PEM), where etcd wants to see one'),
  key: path().optional().describe('its private key (PEM)'),
})
  .superRefine(
    ({ cert, key }: { cert?: unknown; key?: unknown }, context) => {
      if ((cert === undefined) === (key === undefined)) return;
      const missing = cert === undefined ? 'cert' : 'key';
      const message = `registry.tls.${missing} beside ${cert === undefined ? 'key' : 'cert'}`;
      context.addIssue({ code: 'custom', path: [missing], message });
    },
    { when: evenIfWrong },
  )
  .optional()
  .describe('how https:// addresses of etcd are checked, and who we are to them');

/** Options that mean nothing without etcd. */
const ONLY_ETCD = ['endpoints', 'prefix', 'user', 'passwordFile', 'tls', 'insecure'] as const;

export const registry = section({
  kind: choice(['file', 'etcd', 'none'])
    .default('file')
    .describe(
      'file: of one control, on this machine; etcd: of all controls that name it; none: without ' +
        'control, and with it the REST API; versions change by this file and a reload',
    ),
  file: path()
    .optional()
    .describe(
      'where control keeps the versions; default: a file for this configuration in STATE_DIRECTORY ' +
        '(systemd) or XDG_STATE_HOME/cutover (~/.local/state/cutover)',
    ),
  endpoints: z
    .array(endpoint(), { error: ENDPOINTS })
    .min(1, { error: ENDPOINTS })
    .max(MOST_ENDPOINTS, { error: ENDPOINTS })
    .superRefine(eachOnce(String, 'each address once'))
    .optional()
    .meta({ expected: ENDPOINTS, description: 'the members of etcd (kind: etcd)' }),
  prefix: text(
    'a path that begins and ends with /, of at most 256 visible characters',
    /^\/([!-~]{0,254}\/)?$/,
  )
    .optional()
    .describe('of all keys in etcd; what has another one is another Cutover; default: "/cutover/"'),
  user: text('a name of at most 256 characters', /^[^\x00-\x1f]{1,256}$/)
    .optional()
    .describe('who we are to etcd, with passwordFile; default: nobody'),
  passwordFile: path()
    .optional()
    .describe('a file with nothing but the password (and a line break, perhaps)'),
  tls,
  insecure: flag()
    .optional()
    .describe(
      'http:// addresses beyond loopback are allowed: whoever is on the way reads the keys of ' +
        'sessions and the password, and changes what he likes',
    ),
})
  .superRefine(expectWhole, { when: evenIfWrong })
  .prefault({})
  .describe('the registry of versions');

interface Given {
  readonly kind?: unknown;
  readonly file?: unknown;
  readonly endpoints?: unknown;
  readonly user?: unknown;
  readonly passwordFile?: unknown;
  readonly tls?: unknown;
  readonly insecure?: unknown;
}

function expectWhole(value: Given, context: z.core.$RefinementCtx): void {
  const add = (message: string, ...at: (string | number)[]) =>
    context.addIssue({ code: 'custom', path: at, message });
  if (value.kind !== 'etcd') {
    for (const name of ONLY_ETCD) {
      if (name in value && (value as Record<string, unknown>)[name] !== undefined) {
        add('"kind": "etcd" in registry beside it', name);
      }
    }
    return;
  }
  if (value.file !== undefined) add('nothing: the registry is in etcd', 'file');
  if (value.user === undefined && value.passwordFile !== undefined) {
    add('registry.user beside passwordFile', 'user');
  }
  if (value.user !== undefined && value.passwordFile === undefined) {
    add('registry.passwordFile beside user', 'passwordFile');
  }
  if (value.endpoints === undefined) add(ENDPOINTS, 'endpoints');
  else if (Array.isArray(value.endpoints)) expectProtected(value, value.endpoints, add);
}

interface Whole {
  readonly registry: Given;
  readonly docker: { readonly socket?: unknown };
}

/** A rule over the whole file: containers are started and looked after by one control, on its machine. */
export function ownContainers(value: unknown, context: z.core.$RefinementCtx): void {
  const { registry: given, docker } = value as Whole;
  if (given.kind !== 'etcd' || docker.socket === undefined) return;
  const message = 'nothing beside "kind": "etcd" in registry: containers belong to one control';
  context.addIssue({ code: 'custom', path: ['docker', 'socket'], message });
}

/** It is asked where other options are wrong, too, but for the two sections that it is about. */
export const evenIfOthersThanStoreWrong = ({ value }: { readonly value: unknown }): boolean =>
  isObject(value) && isObject(value['registry']) && isObject(value['docker']);

const PROTECTED = 'https://, an address of this machine alone, or "insecure": true in registry';

function expectProtected(
  { tls: given, insecure }: Given,
  endpoints: readonly unknown[],
  add: (message: string, ...at: (string | number)[]) => void,
): void {
  const places = endpoints.map(each => endpointPlace(String(each)));
  const [first] = places;
  places.forEach((place, at) => {
    if (place === undefined) return; // it is told of elsewhere
    if (!place.isProtected && !place.isOwn && insecure !== true) add(PROTECTED, 'endpoints', at);
    if (first !== undefined && place.isProtected !== first.isProtected) {
      add('https:// everywhere, or http:// everywhere', 'endpoints', at);
    }
  });
  if (given !== undefined && places.some(place => place?.isProtected === false)) {
    add('https:// addresses in registry.endpoints beside it', 'tls');
  }
}
