/** Tells control once a second what this process measures. Without a control nobody asks, and nothing is told. */
import type { Cancel, Clock } from '../kernel/clock.js';
import { OwnProcess } from '../measures/own-process.js';
import { MEASURE, type Measures } from '../wire/measures.js';
import type { ControlLinks } from './control-links.js';

export interface MeasuringOptions {
  readonly link: Pick<ControlLinks, 'isLinked' | 'measured'>;
  readonly clock: Clock;
  /** What was counted is forgotten by it: it is called only if it can be told. */
  readonly take: () => Measures['work'];
}

export class Measuring {
  readonly #options: MeasuringOptions;
  readonly #own: OwnProcess;
  readonly #cancel: Cancel;

  constructor(options: MeasuringOptions) {
    this.#options = options;
    this.#own = new OwnProcess(options.clock);
    this.#cancel = options.clock.every(MEASURE, () => this.tell());
  }

  /** While control is away counts go on, and are told when it is back. */
  tell(): void {
    const { link, take } = this.#options;
    if (link.isLinked) link.measured({ process: this.#own.read(), work: take() });
  }

  /** Tells the last, before the link is closed. */
  close(): void {
    this.tell();
    this.#cancel();
    this.#own.close();
  }
}
