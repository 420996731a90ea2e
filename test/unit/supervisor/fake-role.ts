import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import type { Role } from '../../../src/kernel/role.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { runRole, tellSupervisor } from '../../../src/supervisor/run-role.js';

/**
 * Stands for dist/src/cli.js in the supervisor's tests: a frontend answers on the inherited descriptor
 * with its name and the version in its configuration; a worker only lives. A cluster of version 13
 * cannot be started by workers, one of version 14 hangs when it is told to end.
 */
const [, , verb = '', ...args] = process.argv;
const argument = (option: string) => args[args.indexOf(option) + 1] ?? '';
const { cluster } = JSON.parse(readFileSync(argument('--config'), 'utf8')) as {
  readonly cluster: { readonly version: string };
};

function worker(): Promise<Role> {
  if (cluster.version === '13') return Promise.reject(new StartError('13 is unlucky', 1));
  const alive = setInterval(() => undefined, 60_000);
  let stopped: () => void = () => undefined;
  const role = {
    stopped: new Promise<void>(resolve => (stopped = resolve)),
    stop: () => {
      if (cluster.version !== '14') {
        clearInterval(alive);
        stopped();
      }
      return Promise.resolve();
    },
  };
  return Promise.resolve(role);
}

function frontend(): Promise<Role> {
  const server = createServer((_, response) => {
    response.setHeader('connection', 'close');
    response.end(`${argument('--name')} serves ${cluster.version}`);
  });
  const stopped = new Promise<void>(resolve => void server.once('close', resolve));
  const role: Role = {
    stopped,
    stop: () => {
      server.close();
      return stopped;
    },
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd: 3 }, () => resolve(role));
  });
}

try {
  const report = () => undefined;
  await runRole(process, { report, start: verb === 'worker' ? worker : frontend });
} catch (cause) {
  process.exitCode = 1;
  await tellSupervisor(process, { type: 'failed', because: (cause as Error).message });
}
