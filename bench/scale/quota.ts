/**
 * A part of a core for each process, by the kernel's bandwidth control (cgroup v1, cpu.cfs_quota_us): as if each
 * ran on a slow machine of its own, so that one machine shows how many of them add up.
 */
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup/cpu';
const PERIOD = 10_000; // µs: short, or whoever is out of quota stands still for long

export class Quota {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Of one process with all its threads. Undefined: this machine does not let us. */
  static of(pid: number, cores: number): Quota | undefined {
    const folder = join(ROOT, `cutover-scale-${pid}`);
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD));
      writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(Math.round(cores * PERIOD)));
      writeFileSync(join(folder, 'cgroup.procs'), String(pid));
      return new Quota(folder);
    } catch {
      return undefined;
    }
  }

  /** After its process has ended. */
  remove(): void {
    rmdirSync(this.#folder);
  }
}
