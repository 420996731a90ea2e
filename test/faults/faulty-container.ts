/**
 * A container in a process of its own: it can be killed, frozen and ended, and be told to misbehave. Its book
 * of what it has begun is a file that is written before anything else is done: so it is complete however the
 * process ends, and whether or not an answer ever arrived.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { argv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { freePort, type ServerAddress } from '../support/scripted-container.js';
import type { Stage } from '../support/stage.js';
import { within } from '../support/within.js';
import type { Execution } from './ledger.js';
import { answerTo, manners, markOf, type Asked, type MannerName } from './manners.js';

/** `refuse`: it listens no more, and has cut its connections; the process lives. */
export type Told = MannerName | 'refuse';

interface Options {
  readonly name: string;
  readonly address: ServerAddress;
  /** The path of its book. */
  readonly book: string;
}

/** Another machine than that of the test. */
export interface ContainerPlace {
  readonly address: ServerAddress;
  /** What stands before its command (namespaces.ts). */
  readonly prefix: readonly string[];
}

/** Milliseconds that an answer takes: so that something is in flight whenever something happens. */
const WORK = 4;
/** For a process to start, or to do what it was told; generous, because machines may be slow. */
const PATIENCE = 30_000;

export class FaultyContainer {
  readonly name: string;
  readonly address: ServerAddress;
  readonly #options: Options;
  readonly #prefix: readonly string[];
  #child: ChildProcess | undefined;
  /** Bytes of its book. */
  #read = 0;

  private constructor(options: Options, prefix: readonly string[]) {
    this.#prefix = prefix;
    this.name = options.name;
    this.address = options.address;
    this.#options = options;
  }

  /** `folder`: for its book. */
  static async start(
    stage: Stage,
    name: string,
    folder: string,
    place?: ContainerPlace,
  ): Promise<FaultyContainer> {
    const book = join(folder, `${name}.book`);
    await writeFile(book, '');
    const { address, prefix } = place ?? { address: await freePort(), prefix: [] };
    const container = new FaultyContainer({ name, address, book }, prefix);
    stage.atEnd(() => container.kill());
    await container.start();
    return container;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`container ${this.name} does not run`);
    return pid;
  }

  /** Once it has ended: another process, with the same address and book. */
  async start(): Promise<void> {
    const [command, ...before] = [...this.#prefix, execPath] as const;
    const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(this.#options)], {
      execPath: command,
      execArgv: before,
    });
    this.#child = child;
    await within(PATIENCE, `container ${this.name} listens`, once(child, 'message'));
  }

  async tell(told: Told): Promise<void> {
    const done = once(this.#child!, 'message');
    this.#child!.send(told);
    await within(PATIENCE, `container ${this.name} does as told: ${told}`, done);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await exited;
  }

  /** Lets it finish what it has, and waits until it has ended. */
  async terminate(): Promise<void> {
    const child = this.#child!;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await within(PATIENCE, `container ${this.name} ends`, exited);
    this.#child = undefined;
  }

  /** What it has begun since it was asked last. */
  async news(): Promise<readonly Execution[]> {
    const book = await open(this.#options.book);
    try {
      const { size } = await book.stat();
      const bytes = Buffer.alloc(size - this.#read);
      await book.read(bytes, 0, bytes.length, this.#read);
      const end = bytes.lastIndexOf('\n') + 1;
      this.#read += end;
      return bytes.toString('latin1', 0, end).split('\n').slice(0, -1).map(this.#execution);
    } finally {
      await book.close();
    }
  }

  readonly #execution = (line: string): Execution => {
    const [id = '', ...manner] = line.split(' ');
    return { id, server: this.name, manner: manner.join(' ') };
  };
}

/** In the process of the container. */
function serve({ name, address, book }: Options): void {
  let manner: MannerName = 'serve';
  let isEnding = false;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const id = String(request.headers['x-id']);
    appendFileSync(book, `${id} ${manner}\n`);
    if (isEnding) response.setHeader('connection', 'close'); // else a busy connection would never end
    const answer = answered(request, id, name);
    answer.catch(() => undefined); // who does not wait for it need not hear of it
    const asked: Asked = { request, response, answer };
    void Promise.resolve(manners[manner](asked)).catch(() => undefined); // the connection is gone
  });
  const listen = () => {
    if (server.listening) return;
    server.listen({ port: address.port, host: address.ip, backlog: 1024 });
  };
  server.on('listening', () => process.send?.('listens'));
  process.on('message', (told: Told) => {
    if (told === 'refuse') {
      server.close(() => process.send?.('refuses'));
      server.closeAllConnections();
      return;
    }
    manner = told;
    if (server.listening) process.send?.(told);
    else listen();
  });
  process.on('SIGTERM', () => {
    isEnding = true;
    server.close(() => process.exit());
  });
  process.on('disconnect', () => process.exit()); // the test has gone
  listen();
}

async function answered(request: IncomingMessage, id: string, name: string): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  await new Promise(resume => setTimeout(resume, WORK));
  return answerTo(id, name, markOf(...pieces));
}

if (argv[1] === fileURLToPath(import.meta.url)) serve(JSON.parse(argv[2] ?? '') as Options);
