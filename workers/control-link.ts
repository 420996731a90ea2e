/**
 * A worker's link to control. It goes on with the table that it has while control is away, asks nothing of
 * it in the data path, and never goes back to an older edition.
 */
import type { Clock } from '../src/kernel/clock.js';
import { CutoverError } from '../src/kernel/errors.js';
import type { Report } from '../src/kernel/events.js';
import { connectDevice, type DeviceDealer } from '../src/sockets/device.js';
import type { RoutingTable } from '../src/versions/routing-table.js';
import { decodeFromControl, encodeMessage, type FromFollower } from '../src/wire/table-message.js';

export interface ControlLinkOptions {
  readonly address: string;
  /** The worker's name. */
  readonly name: string;
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly silence: number;
  readonly clock: Clock;
  readonly report: Report;
  /** Takes the place of the table before; acknowledged once it returns. */
  readonly take: (table: RoutingTable) => void;
}

export class ControlLink {
  readonly #options: ControlLinkOptions;
  #dealer: DeviceDealer;
  /** Of the table that we have from control. */
  #edition = 0;
  #lastHeard: number;
  #nextBeat = 0;
  #isClosed = false;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#lastHeard = options.clock.now();
    this.#dealer = connectDevice(options.address);
  }

  /** Reads until it is closed. */
  async run(): Promise<void> {
    for (;;) {
      for await (const [packed] of this.#dealer) this.#received(packed);
      if (this.#isClosed) return;
      // Closed by us, because control was silent: perhaps its machine is gone, and another will come.
      this.#dealer = connectDevice(this.#options.address);
    }
  }

  /** Shows that we are alive; begins anew with a control that was not heard of for too long. */
  sweep(now: number): void {
    if (this.#isClosed) return;
    const { silence, heartbeat } = this.#options;
    if (now - this.#lastHeard > silence) {
      this.#lastHeard = now;
      this.#dealer.close();
    } else if (now >= this.#nextBeat) {
      this.#nextBeat = now + heartbeat;
      this.#send({ kind: 'beat' });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#dealer.close();
  }

  #received(packed: Buffer): void {
    const { clock, report, name } = this.#options;
    this.#lastHeard = clock.now();
    try {
      const message = decodeFromControl(packed);
      if (message.kind === 'stranger') {
        this.#send({ kind: 'follow', name, edition: this.#edition });
      } else if (message.kind === 'table') {
        this.#table(message.table);
      }
    } catch (cause) {
      if (!(cause instanceof CutoverError)) throw cause;
      report({ type: 'announcement-refused', because: cause.message });
    }
  }

  #table(table: RoutingTable): void {
    const { take, report } = this.#options;
    if (table.edition < this.#edition) {
      const because = `routing table ${table.edition} is older than ours, ${this.#edition}`;
      report({ type: 'announcement-refused', because });
      return;
    }
    if (table.edition > this.#edition) {
      this.#edition = table.edition;
      take(table);
      const versions = table.versions.map(({ number, state }) => `${number} ${state.name}`);
      report({ type: 'table-taken', edition: table.edition, versions });
    }
    this.#send({ kind: 'acknowledge', edition: table.edition });
  }

  #send(message: FromFollower): void {
    const dealer = this.#dealer;
    dealer.send(encodeMessage(message)).catch((cause: unknown) => {
      if (dealer === this.#dealer && !this.#isClosed) {
        this.#options.report({ type: 'fault', where: 'announcements', cause });
      }
    });
  }
}
