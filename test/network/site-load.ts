/** What clients ask while something happens to the network, counted by them and by the containers. */
import { expect } from 'chai';
import { Load, type Tally } from '../support/load.js';
import type { Stage } from '../support/stage.js';
import type { Site } from './site.js';

/** What a client may be told of a request that is not safe to repeat. */
const HONEST = ['502', '504'];

/** As many reads are under way at a time. */
export const READERS = 8;

let loads = 0;

/** Clients that read and clients that write, until `passes`. */
export class SiteLoad {
  readonly #site: Site;
  readonly #reads: Load;
  readonly #writes: Load;
  readonly #prefix = `write-${++loads}`;

  constructor(stage: Stage, site: Site) {
    this.#site = site;
    const { port } = site;
    const prefix = this.#prefix;
    this.#reads = Load.start(stage, { port, clients: READERS, prefix: `read-${loads}` });
    this.#writes = Load.start(stage, { port, clients: 4, prefix, method: 'POST', body: 'x' });
  }

  /** Settles when so many more reads have been answered; a write may have to wait for its end. */
  async more(reads: number): Promise<void> {
    await this.#reads.more(reads);
  }

  /**
   * Ends the load, and says of it what must hold whatever happened. Nothing that is safe to repeat has failed. No
   * write was done twice, or is told as done and was not; if one was not told as done, an error said so.
   */
  async passes(): Promise<Passed> {
    const reads = await this.#reads.stop();
    const writes = await this.#writes.stop();
    const answeredAndFailed = { wrong: reads.wrong, failed: failuresOf(reads) };
    expect(answeredAndFailed, 'reads').to.deep.equal({ wrong: [], failed: {} });
    const unanswered = failuresOf(writes);
    expect(writes.wrong, 'wrong answers to writes').to.deep.equal([]);
    expect(HONEST, JSON.stringify(unanswered)).to.include.members(Object.keys(unanswered));
    expect(this.#miscounted(writes), 'writes and how often they were done').to.deep.equal([]);
    expect(reads.answered, 'reads that were answered').to.be.above(0);
    expect(writes.answered, 'writes that were answered').to.be.above(0);
    return { reads: reads.sent, writes: writes.sent, unanswered };
  }

  #miscounted(writes: Tally): readonly string[] {
    const times = this.#site.arrivals();
    const failed = new Set([...writes.failed.values()].flat());
    const ids = Array.from({ length: writes.sent }, (_, at) => `${this.#prefix}-${at + 1}`);
    return ids.flatMap(id => {
      const done = times.get(id) ?? 0;
      const isRight = done === 1 || (done === 0 && failed.has(id));
      return isRight ? [] : [`${id}: ${done}`];
    });
  }
}

export interface Passed {
  readonly reads: number;
  readonly writes: number;
  /** Writes by the status that their client got instead of an answer. */
  readonly unanswered: Readonly<Record<string, number>>;
}

const failuresOf = ({ failed }: Tally): Readonly<Record<string, number>> =>
  Object.fromEntries([...failed].map(([how, ids]) => [how, ids.length]));
