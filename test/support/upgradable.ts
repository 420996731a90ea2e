/** `cutover up` with control, and the REST API as an operator's script uses it. */
import { join } from 'node:path';
import { expect } from 'chai';
import type { ShownVersion } from '../../src/control/shown.js';
import {
  configFor,
  CutoverProcess,
  homeFor,
  portOf,
  type Home,
  type Running,
  type Sections,
} from './processes.js';
import type { ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';

export interface Upgradable extends Running {
  readonly api: Api;
}

/** What an operator's script does. */
export class Api {
  readonly url: string;

  constructor(port: number, ip = '127.0.0.1') {
    this.url = `http://${ip}:${port}`;
  }

  async call(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  /** Adds a version, and says how it is called. */
  async deploy(version: string, ...servers: readonly ServerAddress[]): Promise<string> {
    return this.upgrade(version, servers, { mode: 'INSTANT' });
  }

  /** The same, by another strategy. */
  async upgrade(
    version: string,
    servers: readonly ServerAddress[],
    upgradeTransition: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    const { status, body } = await this.call('PUT', '/configuration/cluster', {
      cluster: { version, servers, upgradeTransition },
    });
    expect(status, JSON.stringify(body)).to.equal(202);
    return (body as { id: string }).id;
  }

  async remove(id: string): Promise<number> {
    return (await this.call('DELETE', `/configuration/cluster/${id}`)).status;
  }

  async tell(id: string, verb: string): Promise<number> {
    return (await this.call('POST', `/configuration/cluster/${id}/${verb}`)).status;
  }

  async versions(): Promise<readonly ShownVersion[]> {
    return (await this.call('GET', '/configuration/cluster')).body as readonly ShownVersion[];
  }

  async states(): Promise<readonly string[]> {
    return (await this.versions()).map(({ version, state }) => `${version} ${state}`);
  }
}

/**
 * On a busy machine one version may look slower for a while; and of its first few answers, whose sizes
 * are drawn, too many may be odd. The verdict would hold GRADUAL, or take back what is well.
 */
export const neverSlowOrOdd = { monitor: { slower: 1_000_000, larger: 1_000_000 } };

/** Versions are judged by what fails, and by answers that differ: who wants more must say so. */
export async function upgradable(
  stage: Stage,
  servers: readonly ServerAddress[],
  sections: Sections = {},
): Promise<Upgradable> {
  const home = await homeFor(stage, {});
  const file = join(home.folder, 'registry.json');
  const monitor = { ...neverSlowOrOdd.monitor, ...(sections['monitor'] as object | undefined) };
  await home.write(configFor(servers, { registry: { file }, ...sections, monitor }));
  return started(stage, home);
}

export async function started(stage: Stage, home: Home): Promise<Upgradable> {
  const cutover = new CutoverProcess(stage, ['up', '-c', home.file], { env: home.env });
  const { address } = await cutover.logged('supervisor-ready');
  for (const role of ['worker-1', 'worker-2']) {
    await cutover.logged('role-ready', { where: ready => ready.role === role });
    await cutover.logged('table-taken', { where: line => line['process'] === role });
    // The table may come from a frontend; while control does not know a worker, its requests move no upgrade.
    await cutover.logged('follower-joined', { where: ({ name }) => name === role });
  }
  return { cutover, home, port: portOf(address), api: apiOf(cutover) };
}

export function apiOf(cutover: CutoverProcess, since = 0): Api {
  const line = cutover.lines.slice(since).find(({ event }) => event === 'control-listening');
  const address = String(line?.['address']);
  return new Api(portOf(address), address.slice(0, address.lastIndexOf(':')));
}

/** Both workers have this edition. */
export async function spread({ cutover }: Upgradable, edition: number): Promise<void> {
  for (const role of ['worker-1', 'worker-2']) {
    await cutover.logged('table-taken', {
      where: line => line.edition === edition && line['process'] === role,
    });
  }
}
