/** A real `cutover control`, and what an operator and Prometheus ask of it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { UpgradeTransition } from '../../src/config/cluster.js';
import { writeKeyFile } from '../../src/security/key-file.js';
import { LOOPBACK, freePort } from '../system/free-port.js';
import { started, type Running } from '../system/program.js';
import type { LinkKind } from './options.js';
import { FILE, type Told } from './probe.js';

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const probe = new URL('./probe.js', import.meta.url).href;

/** Nobody listens there: simulated workers ask no server. */
const SERVERS = Array.from({ length: 4 }, (_, at) => ({ ip: `10.0.0.${at + 1}`, port: 8080 }));
const PATIENCE = 30_000; // ms
const LOOK = 5; // ms

export interface Spread {
  readonly edition: number;
  readonly followers: number;
  readonly acknowledged: number;
}

export interface ControlOptions {
  readonly folder: string;
  readonly link: LinkKind;
  /** Further options of Node, such as `--cpu-prof`. */
  readonly node?: readonly string[];
}

export class Control {
  readonly address: string;
  readonly key: string | undefined;
  readonly #running: Running;
  readonly #told: string;

  private constructor(running: Running, at: Pick<Control, 'address' | 'key'>, told: string) {
    this.#running = running;
    this.address = at.address;
    this.key = at.key;
    this.#told = told;
  }

  static async start({ folder, link, node = [] }: ControlOptions): Promise<Control> {
    const [port, device, proxy] = [await freePort(), await freePort(), await freePort()];
    const address = link === 'ipc' ? `ipc://${folder}/control` : `tcp://${LOOPBACK}:${device}`;
    const key = link === 'curve' ? join(folder, 'key.json') : undefined;
    if (key !== undefined) await writeKeyFile(key);
    const config = {
      proxy: { ip: LOOPBACK, port: proxy },
      configService: { ip: LOOPBACK, port },
      cluster: { servers: SERVERS, version: '1' },
      registry: { file: join(folder, 'registry.json') },
      device: { control: address },
      ...(key !== undefined && { security: { key } }),
      log: { level: 'warn' },
    };
    const file = join(folder, 'cutover.json');
    await writeFile(file, JSON.stringify(config));
    const told = join(folder, 'told.jsonl');
    await writeFile(told, '');
    const args = [`--import=${probe}`, ...node, cli, 'control', '-c', file];
    const environment = { [FILE]: told };
    const running = await started({ command: process.execPath, args, port, folder, environment });
    return new Control(running, { address, key }, told);
  }

  get pids(): readonly number[] {
    return this.#running.pids;
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  /** Adds a version of servers, and yields its id. */
  async put(version: string, upgradeTransition: UpgradeTransition): Promise<string> {
    const cluster = { servers: SERVERS, version, upgradeTransition };
    const { id } = (await this.#ask('PUT', '/configuration/cluster', { cluster })) as {
      id: string;
    };
    return id;
  }

  async remove(id: string): Promise<void> {
    await this.#ask('DELETE', `/configuration/cluster/${id}`);
  }

  async resume(id: string): Promise<void> {
    await this.#ask('POST', `/configuration/cluster/${id}/resume`);
  }

  /** Of one version. */
  async state(id: string): Promise<string> {
    const { state } = (await this.#ask('GET', `/configuration/cluster/${id}`)) as { state: string };
    return state;
  }

  async spread(): Promise<Spread> {
    return (await this.#ask('GET', '/configuration')) as Spread;
  }

  /** As soon as so many follow, and all of them have acknowledged the newest table. */
  async spreadTo(followers: number): Promise<Spread> {
    const until = performance.now() + PATIENCE;
    for (;;) {
      const spread = await this.spread();
      if (spread.followers === followers && spread.acknowledged === followers) return spread;
      if (performance.now() > until) throw new Error(`not spread: ${JSON.stringify(spread)}`);
      await sleep(LOOK);
    }
  }

  /** What Prometheus reads. */
  async metrics(): Promise<string> {
    const answer = await fetch(`${this.#url}/metrics`);
    return answer.text();
  }

  /** First attempts that control has counted, of all versions together. */
  async exchanges(): Promise<number> {
    return sumOf(await this.metrics(), 'cutover_exchanges_total');
  }

  /** What its probe has told so far. */
  async told(): Promise<readonly Told[]> {
    const lines = (await readFile(this.#told, 'utf8')).split('\n').slice(0, -1);
    return lines.map(line => JSON.parse(line) as Told);
  }

  get #url(): string {
    return `http://${LOOPBACK}:${this.#running.port}`;
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** All samples of one counter in the text that Prometheus reads. */
export function sumOf(metrics: string, name: string): number {
  let sum = 0;
  for (const line of metrics.split('\n')) {
    if (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) {
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
    }
  }
  return sum;
}
