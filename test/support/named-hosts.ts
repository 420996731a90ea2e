/**
 * Loaded before a process of Cutover (`node --import`): names are looked up in a file of ours, a line `name address …`
 * each, which may change at any time. A name that is not there cannot be looked up.
 */
import dns from 'node:dns/promises';
import { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.js';

const VARIABLE = 'CUTOVER_TEST_HOSTS';
const file = process.env[VARIABLE];

if (file !== undefined) {
  const lookup = (name: string) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    const [, ...found] = lines.map(line => line.split(' ')).find(([each]) => each === name) ?? [];
    if (found.length === 0) return Promise.reject(new Error(`getaddrinfo ENOTFOUND ${name}`));
    return Promise.resolve(found.map(address => ({ address, family: 4 })));
  };
  Object.assign(dns, { lookup });
  syncBuiltinESMExports();
}

/** Names, and the environment of the processes that look them up there. */
export class NamedHosts {
  readonly env: Readonly<Record<string, string>>;
  readonly #file: string;

  private constructor(path: string) {
    this.#file = path;
    this.env = {
      [VARIABLE]: path,
      NODE_OPTIONS: `--import=${fileURLToPath(import.meta.url)}`,
    };
  }

  static async make(stage: Stage): Promise<NamedHosts> {
    const hosts = new NamedHosts(join(await stage.folder(), 'hosts'));
    hosts.are({});
    return hosts;
  }

  /** From now on. */
  are(names: Readonly<Record<string, readonly string[]>>): void {
    const lines = Object.entries(names).map(([name, found]) => [name, ...found].join(' '));
    writeFileSync(this.#file, lines.join('\n'));
  }
}
