import { join } from 'node:path';
import { counting, httpContainer } from './containers.js';
import { commandOf } from './process-facts.js';
import { cli, configFor, homeFor, type Home } from './processes.js';
import { PseudoTerminal } from './pseudo-terminal.js';
import { freePort } from './scripted-container.js';
import type { Stage } from './stage.js';
import type { TerminalScreen } from './terminal.js';

export interface SeenUp {
  readonly terminal: PseudoTerminal;
  readonly home: Home;
  /** The process of `cutover up` itself. */
  readonly supervisor: () => Promise<number>;
}

export const size = { columns: 120, rows: 30 };

interface How {
  /** What stands behind `up -c FILE`. */
  readonly more?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Typed into a shell with jobs, as a person would. */
  readonly inShell?: boolean;
}

/** `cutover up` with one version, on a pseudo terminal. */
export async function seenUp(
  stage: Stage,
  { more = '', env = {}, inShell = false }: How = {},
): Promise<SeenUp> {
  const home = await homeFor(stage, {});
  const servers = [await httpContainer(stage, counting({ name: 'v1' }).listener)];
  const registry = { file: join(home.folder, 'registry.json') };
  await home.write(configFor(servers, { configService: await freePort(), registry }));
  const up = `${process.execPath} ${cli} up -c ${home.file}`;
  const options = { ...size, env: { ...home.env, ...env } };
  const shell = 'PS1= exec bash --norc --noediting';
  const terminal = new PseudoTerminal(stage, inShell ? shell : `${up} ${more}`, options);
  if (inShell) terminal.type(`${up} ${more}\n`);
  return { terminal, home, supervisor: () => processOf(terminal, up) };
}

async function processOf(terminal: PseudoTerminal, command: string): Promise<number> {
  for (const pid of await terminal.processes()) {
    if ((await commandOf(pid).catch(() => '')).startsWith(command)) return pid;
  }
  throw new Error('cutover up does not run');
}

/** The view, with all roles ready. */
export const isReady = ({ text, isAlternate }: TerminalScreen): boolean =>
  isAlternate && /worker-2 +ready/.test(text) && /1\.0 +complete/.test(text);
