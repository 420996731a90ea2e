import { expect } from 'chai';
import { ControlLinks } from '../../../src/announcements/control-links.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { newTally, type Tally } from '../../../src/verdict/tally.js';
import type { Follow, FollowerRole, TableMessage } from '../../../src/wire/control-message.js';
import type { Progress, VersionReport } from '../../../src/wire/report.js';
import type { Shared } from '../../../src/wire/shared.js';

/** A follower: what it was told, newest last. */
export class ControlFollower {
  readonly tables: TableMessage[] = [];
  readonly progress: Progress[] = [];
  readonly shared: Shared[] = [];
  readonly link: ControlLinks;
  #sequence = 0;

  /** `known`: how far it says that the upgrade is. */
  constructor(address: string, role: FollowerRole, known?: Follow['progress']) {
    this.link = new ControlLinks({
      role,
      name: role,
      heartbeat: 1000,
      silence: 5000,
      clock: systemClock,
      report: () => undefined,
      take: message => this.tables.push(message),
      progress: () => known,
      progressed: each => this.progress.push(each),
      shared: each => this.shared.push(each),
    });
    this.link.want([address]);
  }

  get table() {
    return this.tables.at(-1)?.table;
  }

  get keys() {
    return this.tables.at(-1)?.keys;
  }

  stateOf(number: string) {
    return this.table?.versions.find(version => version.number === number)?.state;
  }

  report(...versions: readonly (Partial<VersionReport> & Pick<VersionReport, 'version'>)[]): void {
    const nothing = { counted: 0, tally: newTally(), examples: [], sessions: [] };
    this.#sequence += 1;
    const report = {
      sequence: this.#sequence,
      versions: versions.map(each => ({ ...nothing, ...each })),
    };
    expect(this.link.report(report)).to.equal(true);
  }

  /** Of the newest version, and of the one behind it. */
  saw(newer: Tally, stable: Tally): void {
    const [newest, older] = this.table?.versions ?? [];
    if (newest === undefined || older === undefined) throw new Error('there is no upgrade');
    this.report({ version: newest.id, tally: newer }, { version: older.id, tally: stable });
  }
}
