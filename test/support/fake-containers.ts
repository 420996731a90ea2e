/** `cutover up` beside a fake engine of containers: what tests of both need. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { counting, httpContainer } from './containers.js';
import type { FakeEngine } from './fake-engine.js';
import type { Stage } from './stage.js';
import { upgradable, type Upgradable } from './upgradable.js';
import { eventually } from './within.js';

/** A container with the labels of this version. */
export const of = (version: string, more: Readonly<Record<string, string>> = {}) => ({
  labels: { 'cutover.version': version, 'cutover.port': '80', ...more },
});

/** Version 1.0 is there by hand. `docker`: more of that section. */
export async function besideEngine(
  stage: Stage,
  engine: FakeEngine,
  docker: Readonly<Record<string, unknown>> = {},
): Promise<Upgradable> {
  const v1 = await httpContainer(stage, counting({ name: 'v1' }).listener);
  return upgradable(stage, [v1], {
    docker: { socket: engine.socket, ...docker },
    timeouts: { drain: 1 },
  });
}

/** Waits for control to say that this is what there is: "2.0 running 2, 1.0 complete 1" (servers). */
export async function shows({ api }: Upgradable, expected: string): Promise<void> {
  let seen = '';
  await eventually(
    expected,
    async () => {
      const versions = await api.versions();
      seen = versions
        .map(({ version, state, servers }) => `${version} ${state} ${servers.length}`)
        .join(', ');
      return seen === expected;
    },
    30_000,
  ).catch((cause: unknown) => expect.fail(`${String(cause)}, but ${seen}`));
}

/** Status and text of the answer. */
export async function asked(port: number, id = 'one'): Promise<string> {
  const outgoing = get({ port, host: '127.0.0.1', agent: false, headers: { 'x-id': id } });
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = `${String(answer.statusCode)} `;
  for await (const piece of answer.setEncoding('latin1')) text += String(piece);
  return text;
}
