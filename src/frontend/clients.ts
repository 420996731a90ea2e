/** One listening address and the connections that came in over it. */
import type { ConnectionId } from '../kernel/ids.js';
import { connectionId } from '../kernel/ids.js';
import { NumberTable } from '../kernel/number-table.js';
import type { StreamFrames } from '../wire/frames.js';
import type { ClientConnection } from './client-connection.js';

export interface ClientsHost {
  /** A connection for a new client; `closed` is to be called when it is over. */
  connection(routingId: Buffer, closed: () => void): ClientConnection;
  /** While it is there nothing more is read: the disk is behind. */
  pressure(): Promise<void> | undefined;
}

export class Clients {
  readonly #host: ClientsHost;
  readonly #connections = new NumberTable<ConnectionId, ClientConnection>();

  constructor(host: ClientsHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** How many of them have something going on, or have come so lately that they are about to ask. */
  get busy(): number {
    let busy = 0;
    for (const connection of this.#connections.values()) if (connection.isBusy) busy += 1;
    return busy;
  }

  get tunnels(): number {
    let tunnels = 0;
    for (const connection of this.#connections.values()) if (connection.isTunnel) tunnels += 1;
    return tunnels;
  }

  /** Reads until the socket is closed. */
  async read(socket: AsyncIterable<StreamFrames>): Promise<void> {
    for await (const [routingId, bytes] of socket) {
      this.#received(routingId, bytes);
      const pressure = this.#host.pressure();
      if (pressure !== undefined) await pressure;
    }
  }

  sweep(now: number): void {
    for (const connection of this.#connections.values()) connection.sweep(now);
  }

  /** All are over: the socket is being closed. */
  end(): void {
    for (const connection of this.#connections.values()) connection.gone();
    this.#connections.clear();
  }

  drain(): void {
    for (const connection of this.#connections.values()) connection.drain();
  }

  /** `cameBy`: monotonic milliseconds; who came later is spared. */
  giveUp(what: 'tunnels' | 'requests', cameBy: number): void {
    for (const connection of this.#connections.values()) connection.giveUp(what, cameBy);
  }

  #received(routingId: Buffer, bytes: Buffer): void {
    const id = connectionId(routingId);
    const connection = this.#connections.get(id);
    if (bytes.length > 0) {
      connection?.received(bytes); // nobody: sent before our close arrived
      return;
    }
    // Hello and goodbye look the same: whom we know is leaving. (A goodbye that was queued when we
    // closed looks like a hello; the deadline for idle connections sweeps it away.)
    if (connection === undefined) {
      const forget = () => void this.#connections.delete(id);
      this.#connections.set(id, this.#host.connection(routingId, forget));
    } else {
      this.#connections.delete(id);
      connection.gone();
    }
  }
}
