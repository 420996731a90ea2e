/** When the next report is due: at each turn, unless control has so many workers that it wants fewer. */
import { REPORT } from '../../src/wire/report.js';

export class ReportPace {
  #last = -Infinity;

  /** Asked every `REPORT` milliseconds. `every`: as control wants it; the turn that is nearest to it is taken. */
  isDue(now: number, every: number): boolean {
    if (now - this.#last < every - REPORT / 2) return false;
    this.#last = now;
    return true;
  }
}
