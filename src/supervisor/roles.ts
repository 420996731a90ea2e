import type { Config } from '../config/config.js';
import { controlsIn } from '../config/device.js';
import type { Clock } from '../kernel/clock.js';
import type { Report } from '../kernel/events.js';
import { StartError } from '../kernel/start-error.js';
import type { Launch } from './child-process.js';
import type { Listeners } from './listeners.js';
import { keepAlive, type Child, type ChildHost, type RoleProcess } from './role-process.js';
import type { RuntimeFolder } from './runtime-folder.js';

/** A configuration that has been checked, and the private file from which the roles read it. */
export interface Edition {
  readonly config: Config;
  readonly file: string;
}

/** A frontend before it is started: workers are told its address first. */
export interface Post {
  readonly role: string;
  readonly device: string;
}

export interface RolesOptions {
  /** Where the registry is if the configuration does not say so. */
  readonly registryFile: string;
  readonly spawn: (launch: Launch, host: ChildHost) => Child;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly chance: () => number;
  readonly report: Report;
}

/** Between the later deadline for draining and SIGKILL. */
const SLACK = 5000;

/** Starts roles, and knows all that live. */
export class Roles {
  readonly #options: RolesOptions;
  readonly #listeners: Listeners;
  readonly #folder: RuntimeFolder;
  readonly #frontends = new Set<RoleProcess>();
  readonly #workers = new Set<RoleProcess>();
  readonly #controls = new Set<RoleProcess>();
  #frontendNumber = 0;
  #workerNumber = 0;
  #closed = false;

  constructor(options: RolesOptions, listeners: Listeners, folder: RuntimeFolder) {
    this.#options = options;
    this.#listeners = listeners;
    this.#folder = folder;
  }

  /** An address is used once, unless it is configured: a draining frontend still holds its own. */
  posts({ frontends, device }: Config): readonly Post[] {
    return Array.from({ length: frontends.count }, (_, index) => {
      this.#frontendNumber += 1;
      const role = `frontend-${this.#frontendNumber}`;
      return { role, device: device.frontends[index] ?? this.#folder.device(role) };
    });
  }

  frontend(edition: Edition, { role, device }: Post): RoleProcess {
    const { descriptors, env } = this.#listeners;
    const args = ['frontend', '--device', device, ...this.#toControl(edition.config)];
    return this.#started(this.#frontends, edition, role, { args, descriptors, env });
  }

  /** As many workers as configured, for the frontends at `posts` (or wherever the configuration says). */
  workers(edition: Edition, posts: readonly Post[]): readonly RoleProcess[] {
    const { device, workers } = edition.config;
    const own = posts.map(post => post.device);
    const addresses = device.frontends.length > 0 ? device.frontends : own;
    const links = addresses.flatMap(address => ['--frontend', address]);
    const args = ['worker', ...links, ...this.#toControl(edition.config)];
    return Array.from({ length: workers.count }, () => {
      this.#workerNumber += 1;
      const role = `worker-${this.#workerNumber}`;
      return this.#started(this.#workers, edition, role, { args, descriptors: [], env: {} });
    });
  }

  /** Undefined: nobody wants it. */
  control(edition: Edition): RoleProcess | undefined {
    const [address] = this.#controlsOf(edition.config);
    if (address === undefined) return undefined;
    const { registryFile } = this.#options;
    const args = ['control', '--announce', address, '--registry', registryFile];
    return this.#started(this.#controls, edition, 'control', { args, descriptors: [], env: {} });
  }

  /** What those who follow control are told of it. */
  #toControl(config: Config): readonly string[] {
    return this.#controlsOf(config).flatMap(address => ['--control', address]);
  }

  /** Where controls speak to workers and frontends; the first of them is ours. */
  #controlsOf({ device, registry }: Config): readonly string[] {
    if (registry.kind === 'none') return [];
    const configured = controlsIn(device);
    return configured.length > 0 ? configured : [this.#folder.device('control')];
  }

  #started(living: Set<RoleProcess>, { config, file }: Edition, role: string, launch: Launch) {
    if (this.#closed) throw new StartError('stopping');
    const { env, spawn, clock, chance, report } = this.#options;
    const common = ['--config', file, '--name', role, '--log-level', config.log.level];
    const whole: Launch = {
      args: [...launch.args, ...common],
      descriptors: launch.descriptors,
      env: { ...env, ...launch.env },
    };
    const { drain, drainTunnel } = config.timeouts;
    const patience = Math.max(drain, drainTunnel) * 1000 + SLACK;
    const started = keepAlive({
      role,
      patience,
      spawn: host => spawn(whole, host),
      clock,
      chance,
      report,
    });
    living.add(started);
    return started;
  }

  /** All at the same time: each has the whole time to drain. */
  async stop(roles: Iterable<RoleProcess>): Promise<void> {
    await Promise.all(
      [...roles].map(async role => {
        await role.stop();
        this.#frontends.delete(role);
        this.#workers.delete(role);
        this.#controls.delete(role);
      }),
    );
  }

  /**
   * Frontends finish what they have while workers are still there to serve it: one that crashes meanwhile is
   * started again. A signal to the whole process group ends roles before they are told here; then none is.
   */
  async stopAll(): Promise<void> {
    this.#closed = true;
    for (const role of [...this.#frontends, ...this.#controls]) role.startNoMore();
    for (const worker of this.#workers) worker.startNoMore('it crashes');
    await this.stop(this.#frontends);
    await this.stop([...this.#workers, ...this.#controls]);
  }

  killAll(): void {
    this.#closed = true;
    for (const role of [...this.#frontends, ...this.#workers, ...this.#controls]) {
      role.kill();
    }
  }
}
