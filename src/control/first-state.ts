/** What control begins with: what the registry holds, or else the configuration. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { CutoverEvent, Report } from '../kernel/events.js';
import { versionId } from '../kernel/ids.js';
import { isNonEmpty } from '../kernel/non-empty.js';
import { StartError } from '../kernel/start-error.js';
import {
  RegistryError,
  type Damage,
  type Loaded,
  type Registry,
  type SigningKey,
  type Stored,
} from '../registry/registry.js';
import { firstTable } from '../versions/routing-table.js';

/** Where the registry holds nothing, the configuration's cluster is the stable version. Throws StartError. */
export async function firstState(registry: Registry, beginning: Beginning): Promise<Stored> {
  try {
    return (await known(registry, beginning)) ?? (await begun(registry, beginning));
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(messageOf(cause), 1, { cause });
  }
}

interface Beginning {
  readonly config: Config;
  /** Milliseconds in which a registry that cannot be reached is asked again. */
  readonly patience: number;
  readonly clock: Clock;
  readonly report: Report;
}

async function known(registry: Registry, beginning: Beginning): Promise<Stored | undefined> {
  const { config, report } = beginning;
  const loaded = await patientlyLoaded(registry, beginning);
  if (loaded.kind === 'recovered') reportDamage(loaded, report);
  const kept = keptOf(loaded);
  if (kept !== undefined && kept.configured !== fingerprint(config)) report(ignored(config, kept));
  return kept;
}

const PAUSE = 500;

/** A registry on other machines may be late, as when all begin at once. */
async function patientlyLoaded(
  registry: Registry,
  { patience, clock, report }: Beginning,
): Promise<Loaded> {
  const until = clock.now() + patience;
  let isLost = false;
  for (;;) {
    try {
      const loaded = await registry.load();
      if (isLost) report({ type: 'registry-found' });
      return loaded;
    } catch (cause) {
      const mayCome = cause instanceof RegistryError && cause.kind === 'unavailable';
      if (!mayCome || clock.now() >= until) throw cause;
      if (!isLost) report({ type: 'registry-awaited', because: cause.because });
      isLost = true;
      await new Promise<void>(resolve => void clock.after(PAUSE, resolve));
    }
  }
}

/** Of several controls that begin at once one is first, and the others have what it has begun with. */
async function begun(registry: Registry, beginning: Beginning): Promise<Stored> {
  const stored = configuredState(beginning.config);
  try {
    await registry.save(stored);
    return stored;
  } catch (cause) {
    if (!(cause instanceof RegistryError) || cause.kind !== 'conflict') throw cause;
    const first = await known(registry, beginning);
    if (first === undefined) throw cause;
    return first;
  }
}

/**
 * Editions that are left out after damage: followers may have later ones than the state that is left, and
 * of two tables with one edition they keep the one that they have.
 */
const LEFT_OUT = 1000;

function keptOf(loaded: Loaded): Stored | undefined {
  if (loaded.kind === 'empty') return undefined;
  const { kind, stored } = loaded;
  if (kind === 'found' || stored === undefined) return stored;
  const { table } = stored;
  return { ...stored, table: { ...table, edition: table.edition + LEFT_OUT } };
}

/** Whoever edits the file would look for the new cluster in vain. */
const ignored = ({ cluster }: Config, { table }: Stored): CutoverEvent => ({
  type: 'cluster-ignored',
  version: cluster.version,
  edition: table.edition,
});

function reportDamage(
  { damage, copy, stored }: Extract<Loaded, { kind: 'recovered' }>,
  report: Report,
): void {
  const edition = stored?.table.edition;
  report({ type: 'registry-damaged', file: damage.file, because: said(damage), copy, edition });
}

const said = ({ where, what }: Damage) => `${where}: ${what}`;

const fingerprint = ({ cluster }: Config): string =>
  createHash('sha256').update(JSON.stringify(cluster)).digest('hex');

function configuredState(config: Config): Stored {
  const { cluster } = config;
  const { servers, version, upgradeTransition } = cluster;
  if (!isNonEmpty(servers)) throw new StartError('cluster.servers is empty', 2);
  const id = versionId(randomUUID());
  return {
    table: firstTable({ id, number: version, servers, transition: upgradeTransition }),
    keys: [newKey()],
    configured: fingerprint(config),
  };
}

export const newKey = (): SigningKey => ({
  id: randomUUID(),
  secret: randomBytes(32).toString('base64'),
});
