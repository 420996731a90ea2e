/** Containers that control looks after, where an engine is configured. */
import { randomInt, randomUUID } from 'node:crypto';
import type { Config } from '../config/config.js';
import { Containers, engineOf, refusals } from '../containers/containers.js';
import type { Engine } from '../containers/engine.js';
import { ownerId } from '../containers/owner-id.js';
import { wantedBy } from '../containers/wanted.js';
import type { Clock } from '../kernel/clock.js';
import { messageOf } from '../kernel/errors.js';
import type { Report } from '../kernel/events.js';
import { versionId, type VersionId } from '../kernel/ids.js';
import { StartError } from '../kernel/start-error.js';
import { anyListens } from '../sockets/listens.js';
import type { PutBody } from './put-body.js';
import type { Registrar } from './registrar.js';
import type { StartedContainers } from './rest.js';

/** An engine of containers, and who we are to it. */
export interface OwnedEngine {
  readonly engine: Engine;
  readonly owner: string;
}

/** Undefined: containers are no concern of ours. Throws StartError. */
export async function ownedEngine(config: Config): Promise<OwnedEngine | undefined> {
  const engine = engineOf(config);
  if (engine === undefined) return undefined;
  const file = `${String(config.registry.file)}.owner`;
  try {
    return { engine, owner: await ownerId(file) };
  } catch (cause) {
    throw new StartError(`docker: ${file}: ${messageOf(cause)}`, 1, { cause });
  }
}

interface Surroundings {
  readonly config: Config;
  readonly registrar: Registrar;
  readonly clock: Clock;
  readonly report: Report;
}

export function containersOf(
  { engine, owner }: OwnedEngine,
  { config, registrar, clock, report }: Surroundings,
): Containers {
  return new Containers(engine, owner, config, {
    table: () => registrar.table,
    change: async change => {
      const outcome = await registrar.change(change);
      if (outcome.kind === 'done' || outcome.kind === 'unknown') return undefined;
      return outcome.because;
    },
    newId: () => versionId(randomUUID()),
    clock,
    report,
    chance: () => randomInt(2 ** 32) / 2 ** 32,
    listens: server => anyListens([server]),
  });
}

interface Asked {
  readonly id: VersionId;
  readonly cluster: PutBody['cluster'];
}

export async function startedContainers(
  containers: Containers | undefined,
  docker: Config['docker'],
  { id, cluster }: Asked,
): Promise<StartedContainers> {
  const { containers: asked, version } = cluster;
  if (asked === undefined) throw new TypeError('a cluster of servers has no containers');
  const problems = refusals(asked.image, asked.count, docker);
  if (problems.length > 0 || containers === undefined) return { kind: 'refused', problems };
  const started = await containers.start(id, version, wantedBy(asked));
  if (started.ok) return { kind: 'ready', ...started };
  started.whenKnown();
  return { kind: 'failed', because: started.because };
}
