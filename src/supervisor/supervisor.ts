import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.js';
import type { ConfigFile } from '../config/file.js';
import { connectionsWithin, openFilesLimit } from '../kernel/limits.js';
import type { Role } from '../kernel/role.js';
import { StartError } from '../kernel/start-error.js';
import type { InheritedDescriptors } from '../sockets/listening-descriptor-inherited.js';
import { replacedCrew, startedCrew, type Crew } from './crew.js';
import { openListeners, type Listeners } from './listeners.js';
import { reloadOf } from './reload.js';
import { RoleStopped, type RoleProcess } from './role-process.js';
import { Roles, type Edition, type RolesOptions } from './roles.js';
import { makeRuntimeFolder, type RuntimeFolder, type Surroundings } from './runtime-folder.js';

/** `cutover up`: all roles on one machine as child processes, kept alive. */
export interface Supervisor extends Role {
  /** Reads the configuration again and replaces what it changes; reports what came of it. */
  reload(): Promise<void>;
  /** Ends all processes at once, and leaves nothing behind. */
  kill(): void;
}

export interface SupervisorOptions extends RolesOptions {
  /** The configuration, with what the command line overrides. */
  readonly read: () => Promise<ConfigFile>;
  readonly inherited: InheritedDescriptors;
  readonly surroundings: Surroundings;
  /** Whether a new cluster is there at all; left out: it is believed. */
  readonly anyListens?: (servers: Config['cluster']['servers']) => Promise<boolean>;
}

type GoodFile = Extract<ConfigFile, { ok: true }>;

/** Throws StartError if the configuration, an address or the runtime folder is in the way. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const file = goodFile(await options.read());
  connectionsWithin(openFilesLimit(), file.config.limits.connections);
  const listeners = await openListeners(file.config.proxy, options.inherited);
  try {
    const folder = await makeRuntimeFolder(options.surroundings);
    return await startedWith(options, listeners, folder, file);
  } catch (cause) {
    await listeners.close();
    throw cause;
  }
}

async function startedWith(
  options: SupervisorOptions,
  listeners: Listeners,
  folder: RuntimeFolder,
  file: GoodFile,
): Promise<Supervisor> {
  try {
    const edition = await keptEdition(folder, file, 1);
    return new RunningSupervisor(options, listeners, folder, edition);
  } catch (cause) {
    folder.remove();
    throw cause;
  }
}

/**
 * Roles read what was validated here, whatever becomes of the file meanwhile. A private file needs
 * nothing of them but `-c`, is the same for a role that is started again much later, and can be looked at.
 */
async function keptEdition(
  folder: RuntimeFolder,
  { config, text }: GoodFile,
  number: number,
): Promise<Edition> {
  return { config, file: await folder.keep(`config-${number}.json`, text) };
}

function goodFile(file: ConfigFile): GoodFile {
  if (file.ok) return file;
  throw new StartError(file.problems.map(({ message }) => message).join('; '), 2);
}

class RunningSupervisor implements Supervisor {
  readonly stopped: Promise<void>;
  readonly #options: SupervisorOptions;
  readonly #listeners: Listeners;
  readonly #folder: RuntimeFolder;
  readonly #roles: Roles;
  #crew: Crew;
  #editions = 1;
  #reloading: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | undefined;
  #settle: (outcome: Promise<void>) => void = () => undefined;

  constructor(
    options: SupervisorOptions,
    listeners: Listeners,
    folder: RuntimeFolder,
    edition: Edition,
  ) {
    this.#options = options;
    this.#listeners = listeners;
    this.#folder = folder;
    this.stopped = new Promise(resolve => {
      this.#settle = resolve;
    });
    this.#roles = new Roles(options, listeners, folder);
    const control = this.#roles.control(edition);
    this.#crew = startedCrew(this.#roles, edition);
    this.#announce(this.#crew, control).catch(() => undefined); // not before somebody gave up
  }

  /** Ready when somebody can be served; if one of the first roles cannot start, all end. */
  async #announce({ workers, frontends }: Crew, control?: RoleProcess): Promise<void> {
    const controls = control === undefined ? [] : [control];
    const all = [...workers, ...frontends, ...controls].map(({ ready }) => ready);
    all.forEach(ready => void ready.catch((cause: unknown) => this.#giveUp(cause, ready)));
    const oneOfEach = [workers, frontends].map(roles => Promise.any(roles.map(each => each.ready)));
    await Promise.all([...oneOfEach, ...controls.map(({ ready }) => ready)]);
    this.#options.report({ type: 'supervisor-ready', address: this.#listeners.address });
  }

  async #giveUp(cause: unknown, because: Promise<void>): Promise<void> {
    if (cause instanceof RoleStopped || this.#stopping !== undefined) return; // told to end
    this.#stopping = this.#end();
    await this.#stopping;
    this.#settle(because);
  }

  stop(): Promise<void> {
    if (this.#stopping === undefined) {
      this.#stopping = this.#end();
      this.#settle(this.#stopping);
    }
    return this.#stopping;
  }

  /**
   * Roles are told first, so that none is started again with a descriptor that is closed. Our own hold
   * on the listening sockets ends with that of the frontends: otherwise connections would wait in a
   * backlog that nobody empties any more.
   */
  async #end(): Promise<void> {
    await Promise.all([this.#roles.stopAll(), this.#listeners.close()]);
    await this.#reloading;
    this.#folder.remove();
  }

  kill(): void {
    this.#roles.killAll();
    this.#folder.remove();
  }

  reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#reload());
    return this.#reloading;
  }

  async #reload(): Promise<void> {
    try {
      const because = await this.#refusal();
      if (this.#stopping !== undefined) return;
      const { version } = this.#crew.edition.config.cluster;
      if (because === undefined) this.#options.report({ type: 'supervisor-reloaded', version });
      else this.#options.report({ type: 'reload-refused', because });
    } catch (cause) {
      if (this.#stopping === undefined) {
        this.#options.report({ type: 'fault', where: 'reload', cause });
      }
    }
  }

  /** Reloads; or says why not, and everything stays as it was. */
  async #refusal(): Promise<string | undefined> {
    const file = await this.#options.read();
    if (!file.ok) return file.problems.map(({ message }) => message).join('; ');
    const reload = reloadOf(this.#crew.edition.config, file.config);
    if (reload.kind === 'refused') return reload.because;
    if (reload.kind === 'nothing') return undefined;
    if (!(await this.#mayServe(file.config))) return 'no server of the new cluster listens';
    return this.#replace(file, reload.kind);
  }

  /** A cluster that is not there would be an outage; one that we serve already may come back. */
  async #mayServe({ cluster }: Config): Promise<boolean> {
    const { anyListens } = this.#options;
    const isSame = isDeepStrictEqual(cluster.servers, this.#crew.edition.config.cluster.servers);
    return isSame || anyListens === undefined || (await anyListens(cluster.servers));
  }

  async #replace(file: GoodFile, kind: 'workers' | 'everything'): Promise<string | undefined> {
    this.#editions += 1;
    const edition = await keptEdition(this.#folder, file, this.#editions);
    const { clock } = this.#options;
    const { crew, failure } = await replacedCrew(this.#roles, this.#crew, edition, { kind, clock });
    this.#crew = crew;
    return failure instanceof Error ? failure.message : undefined;
  }
}
