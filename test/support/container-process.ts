import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { argv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { counting, type Arrival, type CountingOptions } from './containers.js';
import type { ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';
import { within } from './within.js';

/** A counting container in a process of its own, which a test may kill. */
export interface ContainerProcess {
  readonly address: ServerAddress;
  readonly pid: number;
  /** Every request whose head has arrived there. */
  readonly arrivals: readonly Arrival[];
  kill(): Promise<void>;
}

type Options = Pick<CountingOptions, 'name' | 'delay'> & Partial<ServerAddress>;
type Told = { readonly port: number } | { readonly arrival: Arrival };

/** `prefix`: what stands before its command, for a container on another machine (namespaces.ts). */
export async function containerProcess(
  stage: Stage,
  options: Options,
  prefix: readonly string[] = [],
): Promise<ContainerProcess> {
  const command: readonly string[] = [...prefix, execPath];
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], {
    execPath: command[0] ?? execPath,
    execArgv: command.slice(1),
  });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  stage.atEnd(kill);

  const arrivals: Arrival[] = [];
  const port = new Promise<number>(resolve => {
    child.on('message', (told: Told) => {
      if ('port' in told) resolve(told.port);
      else arrivals.push(told.arrival);
    });
  });
  const { ip = '127.0.0.1' } = options;
  const address = { ip, port: await within(10_000, 'a container process', port) };
  return { address, pid: child.pid!, arrivals, kill };
}

function serve({ ip = '127.0.0.1', port = 0, ...options }: Options): void {
  const tell = (told: Told) => process.send?.(told);
  const { listener } = counting({ ...options, before: arrival => tell({ arrival }) });
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  server.listen(port, ip, () => tell({ port: (server.address() as AddressInfo).port }));
  process.on('disconnect', () => process.exit()); // the test has gone
}

if (argv[1] === fileURLToPath(import.meta.url)) serve(JSON.parse(argv[2] ?? '') as Options);
