/** What an operator's script asks of control. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { UpgradeTransition } from '../../src/config/cluster.js';
import type { ShownVersion } from '../../src/control/shown.js';
import type { Address } from './application.js';
import { PATIENCE } from './running.js';

const LOOK = 50; // ms
/** Control may be restarting: one that is killed while it is asked answers nothing. */
const CALL_PATIENCE = 10_000; // ms

export class Operator {
  readonly #url: () => string;

  /** `url`: where control is now. */
  constructor(url: () => string) {
    this.#url = url;
  }

  /** Adds a version, and yields its id. */
  async put(
    version: string,
    servers: readonly Address[],
    upgradeTransition: UpgradeTransition,
  ): Promise<string> {
    const cluster = { version, servers, upgradeTransition };
    const { status, text } = await this.#call('PUT', '/configuration/cluster', { cluster });
    if (status !== 202) throw new Error(`PUT of ${version}: ${status} ${text}`);
    return (JSON.parse(text) as { readonly id: string }).id;
  }

  async remove(id: string): Promise<void> {
    const { status, text } = await this.#call('DELETE', `/configuration/cluster/${id}`);
    if (status !== 202) throw new Error(`DELETE: ${status} ${text}`);
  }

  /** A verb that comes when control has just done the same by itself is none. */
  async tell(id: string, verb: 'promote' | 'abort', meant: ShownVersion['state']): Promise<void> {
    const { status, text } = await this.#call('POST', `/configuration/cluster/${id}/${verb}`);
    const isDone = status === 202 || (status === 409 && (await this.state(id)) === meant);
    if (!isDone) throw new Error(`${verb}: ${status} ${text}`);
  }

  async state(id: string): Promise<ShownVersion['state']> {
    const { text } = await this.#call('GET', `/configuration/cluster/${id}`);
    return (JSON.parse(text) as ShownVersion).state;
  }

  /** The versions that there are, newest first. */
  async versions(): Promise<readonly ShownVersion[]> {
    const { text } = await this.#call('GET', '/configuration/cluster');
    return JSON.parse(text) as readonly ShownVersion[];
  }

  /** Whether a worker and a version are there. */
  async isReady(): Promise<boolean> {
    return (await this.#call('GET', '/readyz')).status === 200;
  }

  async #call(method: string, path: string, body?: unknown) {
    const answer = await fetch(`${this.#url()}${path}`, {
      method,
      signal: AbortSignal.timeout(CALL_PATIENCE),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  }
}

/** Waits for what nobody announces. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>) {
  const until = performance.now() + PATIENCE;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
    await sleep(LOOK);
  }
}
