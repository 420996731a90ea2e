/** The servers of one version, and which of them gets the next request. */
import type { CutoverError } from '../../src/kernel/errors.js';
import type { Version } from '../../src/versions/version.js';
import { pickServer } from '../routing/pick-server.js';
import { Server, type ServerOptions } from './server.js';

export class Servers {
  readonly #servers: readonly Server[];
  readonly #options: ServerOptions;
  #turn = 0;

  constructor(version: Version, options: ServerOptions) {
    this.#options = options;
    this.#servers = version.servers.map(address => new Server(address, options));
  }

  /** One that was not tried yet and has room for another connection; undefined: none is left. */
  pick(tried: ReadonlyMap<Server, CutoverError>): Server | undefined {
    this.#turn = (this.#turn + 1) % this.#servers.length;
    return pickServer(this.#servers, {
      now: this.#options.clock.now(),
      turn: this.#turn,
      mayTake: server => server.hasRoom && !tried.has(server),
    });
  }

  sweep(now: number): void {
    for (const server of this.#servers) server.sweep(now);
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}
