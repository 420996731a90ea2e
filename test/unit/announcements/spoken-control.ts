/** Control's end of the channel to its followers, for tests that speak it themselves. */
import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { bindDevice, type DeviceRouter } from '../../../src/sockets/device.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import {
  decodeFromFollower,
  encodeMessage,
  type FromControl,
  type FromFollower,
  type TableMessage,
} from '../../../src/wire/control-message.js';
import type { RouterFrames } from '../../../src/wire/frames.js';
import type { Stage } from '../../support/stage.js';
import { within } from '../../support/within.js';

const first = firstTable({
  id: versionId('v1'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
});
export const KEYS = ['a2V5', 'b2xk'];
export const tableOf = (edition: number, keys: readonly string[] = KEYS): TableMessage => ({
  kind: 'table',
  table: { ...first, edition },
  keys,
});
export const acknowledge = (edition: number) => ({ kind: 'acknowledge', edition }) as const;

/** Tells who came or went, and what was said. */
export class SpokenControl {
  readonly device: DeviceRouter;
  readonly #arriving: AsyncIterator<RouterFrames>;
  readonly #present = new Set<string>();
  #peer: Buffer = Buffer.alloc(0);

  private constructor(device: DeviceRouter) {
    this.device = device;
    this.#arriving = device[Symbol.asyncIterator]();
  }

  static async bind(stage: Stage, address: string): Promise<SpokenControl> {
    const control = new SpokenControl(await bindDevice(address));
    stage.atEnd(() => control.device.close());
    return control;
  }

  /** What is said next, or that somebody comes or goes. */
  async heard(): Promise<FromFollower | 'comes' | 'goes'> {
    const arriving = this.#arriving.next() as Promise<{ value: RouterFrames }>;
    const [peer, packed] = (await within(5000, 'the follower speaks', arriving)).value;
    if (packed.length > 0) return decodeFromFollower(packed);
    if (this.#present.delete(peer.toString('hex'))) return 'goes';
    this.#present.add(peer.toString('hex'));
    this.#peer = peer;
    return 'comes';
  }

  async says(...messages: FromControl[]): Promise<void> {
    for (const message of messages) await this.sends(encodeMessage(message));
  }

  async sends(packed: Buffer): Promise<void> {
    await this.device.send(this.#peer, packed);
  }

  /** It comes, is asked who it is, and says so. */
  async asks(): Promise<FromFollower | 'comes' | 'goes'> {
    while ((await this.heard()) !== 'comes'); // its predecessor may go before or behind it
    await this.says({ kind: 'stranger' });
    const said = await this.heard();
    return said === 'goes' ? this.heard() : said;
  }

  async links(message: TableMessage): Promise<void> {
    expect(await this.asks()).to.have.property('kind', 'follow');
    await this.says(message);
    expect(await this.heard()).to.deep.equal(acknowledge(message.table.edition));
  }
}
