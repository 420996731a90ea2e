/** A lease of etcd: what is put under it is gone some seconds after its owner. */
import { EtcdLeaseInvalidError, type Etcd3, type Lease } from 'etcd3';
import type { Clock } from '../kernel/clock.js';
import { ANSWER, deadline } from './etcd-client.js';

/** Seconds. */
export const LEASE = 5;
/** Of a keep-alive: they are no calls, which are tried again by themselves. */
const TRIES = 3;

/** Asked to renew itself again and again; between that it does nothing. */
export class EtcdLease {
  readonly #client: Etcd3;
  readonly #clock: Clock;
  #lease: Lease | undefined;
  #id: string | undefined;
  #until = -Infinity;

  constructor(client: Etcd3, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Undefined: there is none, or it may have ended. By our own clock, which never jumps: etcd's began later. */
  get id(): string | undefined {
    return this.#clock.now() < this.#until ? this.#id : undefined;
  }

  /** Returns the id of the lease: another one, if the one before has ended. Rejects if etcd is away. */
  async renew(): Promise<string> {
    const sent = this.#clock.now();
    const id = (await this.#kept()) ?? (await this.#granted());
    this.#id = id;
    this.#until = sent + LEASE * 1000;
    return id;
  }

  /** What is under it is gone at once. Never rejects. */
  async revoke(): Promise<void> {
    const lease = this.#lease;
    this.#forget();
    await lease?.revoke({ deadline: deadline(this.#clock) }).catch(() => undefined); // it ends by itself
  }

  async #kept(): Promise<string | undefined> {
    if (this.#lease === undefined || this.#id === undefined) return undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#inTime(this.#lease.keepaliveOnce({ deadline: deadline(this.#clock) }));
        return this.#id;
      } catch (cause) {
        if (cause instanceof EtcdLeaseInvalidError) break;
        if (tries === TRIES) throw cause; // each is made at another member, by chance
      }
    }
    this.#forget();
    return undefined;
  }

  async #granted(): Promise<string> {
    // Without keep-alives of its own: its log would be a line each 100 ms.
    const lease = this.#client.lease(LEASE, { autoKeepAlive: false });
    const id = await lease.grant();
    this.#lease = lease;
    return id;
  }

  #forget(): void {
    this.#lease = undefined;
    this.#id = undefined;
    this.#until = -Infinity;
  }

  /** A stream may end without a word. */
  #inTime(kept: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error('etcd does not answer in time'));
      const cancel = this.#clock.after(2 * ANSWER, late);
      kept.then(resolve, reject).finally(cancel);
    });
  }
}
