/**
 * A follower's links to every control. It takes the newest table from whichever tells it first, and tells each
 * the same: so every one of them knows all that is to be known, and any may lead.
 */
import { LinkSet } from '../discovery/link-set.js';
import type { TableMessage } from '../wire/control-message.js';
import type { Measures } from '../wire/measures.js';
import { REPORT, type WorkerReport } from '../wire/report.js';
import type { Standing } from '../wire/shared.js';
import { ControlLink, type ControlLinkOptions } from './control-link.js';
import { HeldTable, type HeldTableOptions } from './held-table.js';

export type ControlLinksOptions = Omit<ControlLinkOptions, 'address' | 'held' | 'reported'> &
  HeldTableOptions;

/** More than anybody runs. */
const MOST_CONTROLS = 16;

export class ControlLinks {
  readonly #held: HeldTable;
  readonly #links: LinkSet<ControlLink>;
  #reported = 0;

  constructor(options: ControlLinksOptions) {
    this.#held = new HeldTable(options);
    const shared = { ...options, held: this.#held, reported: () => this.#reported };
    const make = (address: string) => new ControlLink({ ...shared, address });
    this.#links = new LinkSet(make, MOST_CONTROLS);
  }

  /** Whether any control knows us at the moment. */
  get isLinked(): boolean {
    return this.#links.all.some(({ isLinked }) => isLinked);
  }

  /** Milliseconds between two reports: all controls get the same, so the one that wants fewest decides. */
  get every(): number {
    return Math.max(REPORT, ...this.#links.all.map(({ every }) => every));
  }

  /** From now on the controls at these addresses, beside those that still speak. */
  want(addresses: readonly string[]): void {
    this.#links.want(addresses);
  }

  /** Reads until it is closed. */
  run(): Promise<void> {
    return this.#links.run();
  }

  sweep(now: number): void {
    this.#links.tidy(); // first: who is to go need not begin anew
    for (const link of this.#links.all) link.sweep(now);
  }

  /** To each that knows us. False: none does, so nothing was sent. */
  report(report: WorkerReport): boolean {
    const told = this.#links.all.filter(link => link.report(report));
    if (told.length > 0) this.#reported = report.sequence;
    return told.length > 0;
  }

  /** Where we stand: to each that does not know it. */
  stand(standing: Standing): void {
    for (const link of this.#links.all) link.stand(standing);
  }

  /** As above. */
  measured(measures: Measures): boolean {
    return this.#links.all.filter(link => link.measured(measures)).length > 0;
  }

  /** A table that came another way: taken if it is newer than ours. */
  offer(message: TableMessage): void {
    this.#held.offer(message);
  }

  close(): void {
    this.#links.close();
  }
}
