/** Peers of the inner links that keep to nothing: raw sockets that send whatever a test wants. */
import { Dealer, Router } from 'zeromq';
import type { Stage } from './stage.js';

const UNBOUNDED = 0;

/** Draft option of libzmq 4.3 (zmq.h): hear of peers when they come and go. */
const ZMQ_ROUTER_NOTIFY = 97;
const COMING_AND_GOING = 3;

/** Says what it likes to a frontend or to control, and reads only when told to. */
export class RawPeer {
  readonly socket: Dealer;

  constructor(stage: Stage, address: string) {
    // What it does not read fills its own queue first, then the kernel's, then that of its victim.
    this.socket = new Dealer({ linger: 0, sendHighWaterMark: UNBOUNDED, receiveHighWaterMark: 1 });
    stage.atEnd(() => this.socket.close());
    this.socket.connect(address);
  }

  async send(...messages: readonly Uint8Array[]): Promise<void> {
    for (const message of messages) await this.socket.send(message);
  }
}

class NotifiedRouter extends Router {
  announcePeers(): void {
    this.setInt32Option(ZMQ_ROUTER_NOTIFY, COMING_AND_GOING);
  }
}

/** Stands where a frontend or control would, and says what it likes to whoever connects. */
export class RawHost {
  readonly #socket: NotifiedRouter;
  readonly #peers = new Map<string, Buffer>();
  #wake: (() => void) | undefined;
  /** Messages that peers have sent. */
  heard = 0;

  private constructor(socket: NotifiedRouter) {
    this.#socket = socket;
  }

  static async bind(stage: Stage, address: string): Promise<RawHost> {
    const socket = new NotifiedRouter({
      linger: 0,
      mandatory: false,
      sendHighWaterMark: UNBOUNDED,
    });
    stage.atEnd(() => socket.close());
    socket.announcePeers();
    await socket.bind(address);
    const host = new RawHost(socket);
    void host.#read();
    return host;
  }

  /** As soon as so many are connected. */
  async peers(count: number): Promise<readonly Buffer[]> {
    while (this.#peers.size < count) await new Promise<void>(resolve => (this.#wake = resolve));
    return [...this.#peers.values()];
  }

  async send(peer: Buffer, ...messages: readonly Uint8Array[]): Promise<void> {
    for (const message of messages) await this.#socket.send([peer, message]);
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const [id, bytes] = await this.#socket.receive();
        if (id === undefined || bytes === undefined) continue;
        const key = id.toString('hex');
        if (bytes.length > 0) this.heard += 1;
        else if (!this.#peers.delete(key)) this.#peers.set(key, id);
        this.#wake?.();
      }
    } catch {
      // closed
    }
  }
}

/** Bytes of no meaning at all, and messages in which some bytes were changed. */
export function garbage(draw: (below: number) => number, good: readonly Buffer[]): Buffer {
  const kind = draw(4);
  if (kind === 0 || good.length === 0) {
    return Buffer.from(Array.from({ length: 1 + draw(200) }, () => draw(256)));
  }
  const altered = Buffer.from(good[draw(good.length)]!);
  if (kind === 1) return altered.subarray(0, 1 + draw(altered.length));
  for (let n = 1 + draw(4); n > 0; n--) altered[draw(altered.length)] = draw(256);
  return altered;
}
