import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';

/** What must be replaced so that `next` counts instead of `now`. */
export type Reload =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'workers' }
  | { readonly kind: 'everything' }
  | { readonly kind: 'refused'; readonly because: string };

/** Fixed for the life of the supervisor: it holds the listening sockets, and peers know the addresses. */
const fixed: Readonly<Record<string, (config: Config) => unknown>> = {
  'proxy.ip': ({ proxy }) => proxy.host,
  'proxy.port': ({ proxy }) => proxy.port,
  'proxy.backlog': ({ proxy }) => proxy.backlog,
  'proxy.trusted': ({ proxy }) => proxy.trusted,
  'device.frontends': ({ device }) => device.frontends,
  security: ({ security }) => security,
};

/** Where frontends have configured addresses they are replaced one for one. */
const fixedBesideAddresses: typeof fixed = {
  ...fixed,
  'frontends.count (beside device.frontends)': ({ frontends }) => frontends.count,
};

/** Sections that a frontend never reads. */
const workersOnly = ['cluster', 'workers', 'session', 'rescue', 'comparison'] as const;
/** Sections that only control reads. */
const controlOnly = ['configService', 'monitor'] as const;

/** Beside control the file's cluster counts once; from then on versions come and go by REST. */
const fixedBesideControl: typeof fixed = {
  registry: ({ registry }) => registry,
  configService: ({ configService }) => configService,
  session: ({ session }) => session,
  monitor: ({ monitor }) => monitor,
  'device.control': ({ device }) => device.control,
  'cluster (beside control: PUT /configuration/cluster adds a version)': ({ cluster }) => cluster,
};

export function reloadOf(now: Config, next: Config): Reload {
  const rules = {
    ...(now.device.frontends.length > 0 ? fixedBesideAddresses : fixed),
    ...(hasControl(now) || hasControl(next) ? fixedBesideControl : {}),
  };
  const refused = Object.entries(rules).filter(
    ([, value]) => !isDeepStrictEqual(value(now), value(next)),
  );
  if (refused.length > 0) {
    const names = refused.map(([name]) => name).join(', ');
    return { kind: 'refused', because: `${names} cannot change without a restart` };
  }
  const changed = sectionsChanged(now, next);
  if (changed.every(name => among(name, controlOnly))) return { kind: 'nothing' };
  const few = changed.every(name => among(name, [...workersOnly, ...controlOnly]));
  return { kind: few ? 'workers' : 'everything' };
}

const hasControl = ({ registry }: Config) => registry.kind !== 'none';

const sectionsChanged = (now: Config, next: Config) =>
  (Object.keys(next) as (keyof Config)[]).filter(name => !isDeepStrictEqual(now[name], next[name]));

const among = (name: string, names: readonly string[]) => names.includes(name);
