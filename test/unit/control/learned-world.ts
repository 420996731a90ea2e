/** Control dies and comes back: what one overseer has learned goes through a file's bytes into another one. */
import { parseConfig } from '../../../src/config/config.js';
import type { Learned } from '../../../src/control/learned.js';
import { decoded, encoded } from '../../../src/control/learned-format.js';
import { Overseer } from '../../../src/control/overseer.js';
import { World, START, type Settings } from './overseer-world.js';

export function monitorOf(monitor: Settings = {}) {
  const parsed = parseConfig({
    proxy: {},
    configService: {},
    cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] },
    monitor,
    session: { timeout: 20 },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

/** As another process reads it. */
export function reread(learned: Learned): Learned {
  const found = decoded(encoded(learned));
  if (!found.ok) throw new Error(found.because);
  return found.learned;
}

export interface Restart {
  readonly monitor?: Settings;
  /** What was written last; else all that the former knew when it died. */
  readonly learned?: Learned;
  /** What the registry holds; else the last table of the former. */
  readonly table?: World['table'];
}

const HOUR = 3_600_000;

/** Its clock that never jumps is another one, and says an hour at its start. */
class Successor extends World {
  override readonly overseer: Overseer;
  /** Undefined while the constructor of `World` runs. */
  readonly died: number | undefined;

  constructor(former: World, { monitor = {}, learned, table = former.table }: Restart) {
    super(monitor);
    this.ms = HOUR;
    this.died = former.ms;
    this.table = table;
    this.overseer = new Overseer(monitorOf(monitor));
    this.overseer.recall(reread(learned ?? former.overseer.learned), table, this.now);
    this.overseer.table(table, this.now);
  }

  override get now() {
    return {
      monotonic: this.ms,
      wall: START + this.ms - (this.died === undefined ? 0 : HOUR - this.died),
    };
  }
}

export const restarted = (former: World, restart: Restart = {}): World =>
  new Successor(former, restart);
