/**
 * Connects a link, again and again. libzmq does so itself where nobody listens or a connection breaks, but
 * gives up for good when the other end turns us away, and does not say so; and it knows only one key for the
 * other end, where we may believe several.
 */
import { tcpPlace } from '../config/address.js';
import type { Report } from '../kernel/events.js';
import type { Credentials } from '../security/keyring.js';
import { connectDevice, type DeviceDealer } from './device.js';
import { mechanismAt } from './greeting.js';

export interface RedialOptions {
  readonly address: string;
  /** Undefined: the link has no keys. */
  readonly credentials?: Credentials | undefined;
  /** Milliseconds without a word after which a connection is given up, at most. */
  readonly silence: number;
  readonly report: Report;
}

/** Milliseconds that each of several keys is given for the first word, in the first round through them. */
const SHORT = 500;
/** Milliseconds for the other end to say how it is protected. */
const PATIENCE = 2000;

export class Redial {
  readonly #options: RedialOptions;
  readonly #keys: number;
  #attempt = 0;
  /** The monotonic millisecond in which this attempt began. */
  #since = 0;
  #isHeard = false;
  /** Why we are turned away; told once, until somebody speaks. */
  #isTold = false;

  constructor(options: RedialOptions) {
    this.#options = options;
    this.#keys = options.credentials?.believed.length ?? 1;
  }

  /** A new connection, with the key that is to be tried now. */
  connect(now: number): DeviceDealer {
    this.left(now);
    const { address, credentials } = this.#options;
    if (credentials === undefined) return connectDevice(address);
    const { own, believed } = credentials;
    const server = believed[this.#attempt % this.#keys] ?? own.publicKey;
    return connectDevice(address, { own, server });
  }

  /** Somebody spoke: the key is the right one. */
  heard(): void {
    this.#isHeard = true;
    this.#isTold = false;
    this.#attempt %= this.#keys;
  }

  /** Who spoke has gone, and whoever comes in its place may have another key. */
  left(now: number): void {
    this.#isHeard = false;
    this.#since = now;
  }

  /** Whether nobody has spoken for so long that we should connect anew; the next key is then to be tried. */
  isInVain(now: number): boolean {
    if (this.#isHeard || now - this.#since <= this.#patience) return false;
    this.#attempt += 1;
    const isRound = this.#attempt % this.#keys === 0;
    if (isRound && !this.#isTold) void this.#tellWhy();
    return true;
  }

  /** Every round through the keys takes longer: on a slow machine, too, a handshake ends in time. */
  get #patience(): number {
    const { silence } = this.#options;
    if (this.#keys === 1) return silence;
    return Math.min(silence, SHORT * 2 ** Math.min(16, Math.floor(this.#attempt / this.#keys)));
  }

  /** Nothing is told where nobody listens: then we wait, as always. */
  async #tellWhy(): Promise<void> {
    const { address, credentials, report } = this.#options;
    const place = tcpPlace(address);
    if (place === undefined) return;
    const because = reason(await mechanismAt(place, PATIENCE), credentials);
    if (because === undefined || this.#isHeard || this.#isTold) return;
    this.#isTold = true;
    report({ type: 'turned-away', address, because });
  }
}

function reason(mechanism: string | undefined, credentials: Credentials | undefined) {
  if (mechanism === undefined) return undefined;
  const [wants, have] = [mechanism === 'CURVE', credentials !== undefined];
  if (wants && !have) return 'it wants a key, and security.key is not set here';
  if (!wants && have) return 'it has no key, and security.key is set here';
  if (credentials === undefined) return undefined;
  const { publicKey } = credentials.own;
  return `it does not believe our key (${publicKey}), or its key is not among those that we believe`;
}
