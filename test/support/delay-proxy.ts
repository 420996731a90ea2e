/**
 * A relay of TCP that takes its time: every piece comes out later than it went in, by a delay that
 * wavers, and in order. Without a delay it is a door: it listens in one network and connects in another.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, Server, type AddressInfo, type Socket } from 'node:net';
import { argv, execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { draws } from './draws.js';
import type { ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';
import { within } from './within.js';

export interface Delay {
  /** Milliseconds. */
  readonly delay: number;
  /** Milliseconds by which each piece may come earlier or later than that. */
  readonly jitter: number;
}

export const noDelay: Delay = { delay: 0, jitter: 0 };

/** When pieces leave that arrive one after the other: none overtakes another. Knows no clock. */
export class DelayLine {
  readonly #delay: Delay;
  readonly #chance: () => number;
  #last = -Infinity;

  /** `chance` draws in [0, 1). */
  constructor(delay: Delay, chance: () => number) {
    this.#delay = delay;
    this.#chance = chance;
  }

  /** Milliseconds, of the clock that `arrival` is of. */
  departure(arrival: number): number {
    const { delay, jitter } = this.#delay;
    const wavering = (2 * this.#chance() - 1) * jitter;
    this.#last = Math.max(this.#last, arrival + Math.max(0, delay + wavering));
    return this.#last;
  }
}

/** Bytes on their way in one direction of a connection; then its sender is made to wait. */
const MOST_UNDERWAY = 1_048_576;

/** Each piece that `from` brings goes to `to` when its time has come, and so does the end. */
function relay(from: Socket, to: Socket, line: DelayLine): void {
  let underway = 0;
  // One timer at a time: of two, the later one may fire first.
  const queue: { readonly at: number; readonly act: () => void }[] = [];
  const depart = () => {
    for (;;) {
      const [next] = queue;
      if (next === undefined) return;
      const wait = next.at - performance.now();
      if (wait > 0) return void setTimeout(depart, wait);
      queue.shift();
      next.act();
    }
  };
  const later = (act: () => void) => {
    queue.push({ at: line.departure(performance.now()), act });
    if (queue.length === 1) depart();
  };
  from.on('data', piece => {
    underway += piece.length;
    if (underway > MOST_UNDERWAY) from.pause();
    later(() => {
      const sent = () => {
        underway -= piece.length;
        if (underway <= MOST_UNDERWAY) from.resume();
      };
      if (to.writable) to.write(piece, sent);
      else sent();
    });
  });
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.resetAndDestroy()); // if one side breaks, the other is to notice
}

/** Relays whatever comes in on `server`. `chance` draws for all connections. */
export function relayTo(
  server: Server,
  target: ServerAddress,
  delay: Delay,
  chance: () => number,
): void {
  server.on('connection', (client: Socket) => {
    const upstream = connect({ host: target.ip, port: target.port, allowHalfOpen: true });
    client.setNoDelay();
    upstream.setNoDelay();
    relay(client, upstream, new DelayLine(delay, chance));
    relay(upstream, client, new DelayLine(delay, chance));
  });
}

export interface RelayOptions extends Partial<Delay> {
  readonly target: ServerAddress;
  /** Where it listens, in the network in which it runs. Without it: on loopback, in the network of the test. */
  readonly at?: ServerAddress;
  readonly seed?: number;
  /** Stands before its command; it connects, and with `at` listens, in the network of what this names. */
  readonly prefix: readonly string[];
}

interface Told {
  readonly options: RelayOptions;
}

/** A relay in a process of its own, which may live in another network. Yields where it listens. */
export async function relayProcess(stage: Stage, options: RelayOptions): Promise<ServerAddress> {
  const command: readonly string[] = [...options.prefix, execPath];
  const child = fork(fileURLToPath(import.meta.url), [], {
    execPath: command[0] ?? execPath,
    execArgv: command.slice(1),
  });
  const exited = once(child, 'exit');
  stage.atEnd(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const listens = once(child, 'message') as Promise<[ServerAddress]>;
  const told: Told = { options };
  if (options.at === undefined) {
    // A socket stays in the network in which it was made, whoever has it.
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    child.send(told, server, () => server.close());
  } else child.send(told);
  const [address] = await within(10_000, 'a relay listens', listens);
  return address;
}

async function run({ options }: Told, handed: Server | undefined): Promise<void> {
  const { target, at, seed = 1, delay = 0, jitter = 0 } = options;
  const server = handed ?? createServer({ allowHalfOpen: true });
  relayTo(server, target, { delay, jitter }, draws(seed));
  if (handed === undefined) {
    server.listen(at?.port, at?.ip);
    await once(server, 'listening');
  }
  const { address, port } = server.address() as AddressInfo;
  process.send?.({ ip: address, port });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  process.once('message', (told: Told, handed) => {
    void run(told, handed instanceof Server ? handed : undefined);
  });
  process.on('disconnect', () => process.exit()); // the test has gone
}
