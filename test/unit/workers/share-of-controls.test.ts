/** One GRADUAL upgrade, several workers, and several controls that come, go and take over from one another. */
import { expect } from 'chai';
import fc from 'fast-check';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { RoutingTable } from '../../../src/versions/routing-table.js';
import { GradualShare } from '../../../workers/observation/gradual-share.js';

const WORKERS = 3;
const CONTROLS = 2;
const id = versionId('new');
const table: RoutingTable = {
  edition: 1,
  versions: [
    {
      id,
      number: '2.0',
      servers: [{ host: '127.0.0.1', port: 9101 }],
      transition: { mode: 'GRADUAL', percentageTransitionPerRequest: 0.1 },
      state: { name: 'running', progress: share(0) },
    },
  ],
};

/** As in requests: of shares, sums of binary fractions, nobody can say what is equal. */
const requests = (of: number): number => Math.round(of * 1000);

class Worker {
  readonly gradual = new GradualShare();
  /** Since the last report, and its number. */
  counted = 0;
  sequence = 0;

  constructor() {
    this.gradual.take(table);
  }

  count(): void {
    this.counted += this.gradual.count(true) ? 1 : 0;
  }
}

/** What a control and its link to one worker know of each other. */
interface Link {
  isUp: boolean;
  taken: number;
  toldUpTo: number;
}

/** Counts as the overseer does: what came is added at the next look, or when somebody follows. */
class Control {
  share = 0;
  waiting = 0;
  links: Link[] = Array.from({ length: WORKERS }, () => ({ isUp: false, taken: 0, toldUpTo: 0 }));

  followedBy({ gradual, sequence }: Worker, at: number): void {
    this.look();
    this.share = Math.max(this.share, requests(gradual.progress!.share));
    this.links[at] = { isUp: true, taken: 0, toldUpTo: sequence };
  }

  look(): void {
    this.share += this.waiting;
    this.waiting = 0;
  }

  /** To each worker that it knows. */
  tell(workers: readonly Worker[]): void {
    this.look();
    workers.forEach(({ gradual }, at) => {
      const { isUp, taken, toldUpTo } = this.links[at]!;
      if (!isUp) return;
      const told = { version: id, share: share(this.share / 1000), isHeld: false };
      gradual.progressed({ ...told, taken: Math.max(taken, toldUpTo) });
    });
  }

  /** Its process ends, and another begins with what the registry says. */
  restart(saved: number): void {
    Object.assign(this, new Control(), { share: saved });
  }
}

type Step = readonly [
  what: 'count' | 'report' | 'tell' | 'lead' | 'cut' | 'link' | 'die' | 'save',
  worker: number,
  control: number,
];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0][]>(
      'count',
      'count',
      'count',
      'report',
      'report',
      'tell',
      'tell',
      'lead',
      'cut',
      'link',
      'die',
      'save',
    ),
    fc.nat(WORKERS - 1),
    fc.nat(CONTROLS - 1),
  ),
  { maxLength: 200 },
);

describe('the share of an upgrade under several controls', () => {
  it('never falls, and never is more than what was counted, whoever leads, comes or goes', () => {
    fc.assert(
      fc.property(steps, list => {
        const workers = Array.from({ length: WORKERS }, () => new Worker());
        const controls = Array.from({ length: CONTROLS }, () => new Control());
        let [leader, saved, all] = [0, 0, 0];
        const link = (worker: number, control: number) => {
          if (!controls[control]!.links[worker]!.isUp) {
            controls[control]!.followedBy(workers[worker]!, worker);
          }
        };
        const report = (at: number) => {
          const worker = workers[at]!;
          const known = controls.filter(({ links }) => links[at]!.isUp);
          if (worker.counted === 0 || known.length === 0) return;
          worker.sequence += 1;
          for (const control of known) {
            control.waiting += worker.counted;
            control.links[at]!.taken = worker.sequence;
          }
          worker.counted = 0;
          worker.gradual.reportSent(worker.sequence);
        };
        const reached = workers.map(() => 0);
        const holds = () => {
          workers.forEach(({ gradual }, at) => {
            const now = requests(gradual.reached);
            expect(now).to.be.at.least(reached[at]!);
            expect(now).to.be.at.most(all);
            reached[at] = now;
          });
          for (const each of controls) expect(each.share + each.waiting).to.be.at.most(all);
        };
        workers.forEach((_, worker) => controls.forEach((__, control) => link(worker, control)));
        for (const [what, worker, control] of list) {
          switch (what) {
            case 'count':
              if (controls.some(({ links }) => links[worker]!.isUp)) {
                workers[worker]!.count();
                all += 1;
              }
              break;
            case 'report':
              report(worker);
              break;
            case 'tell':
              controls[leader]!.tell(workers);
              break;
            case 'lead':
              leader = control;
              break;
            case 'cut':
              controls[control]!.links[worker]!.isUp = false;
              break;
            case 'link':
              link(worker, control);
              break;
            case 'die':
              controls[control]!.restart(saved);
              break;
            case 'save':
              controls[leader]!.look();
              saved = Math.max(saved, controls[leader]!.share);
              break;
          }
          holds();
        }
        // When all are linked and have said what they counted, everybody agrees, whoever leads.
        workers.forEach((_, at) => controls.forEach((__, control) => link(at, control)));
        workers.forEach((_, at) => report(at));
        for (const control of controls) control.tell(workers);
        holds();
      }),
      { numRuns: 500 },
    );
  });

  it('is the same with each control that was there all the time, to the last request', () => {
    const workers = Array.from({ length: WORKERS }, () => new Worker());
    const controls = [new Control(), new Control()];
    workers.forEach((worker, at) => controls.forEach(control => control.followedBy(worker, at)));
    for (let round = 1; round <= 100; round++) {
      for (const [at, worker] of workers.entries()) {
        worker.count();
        worker.sequence += 1;
        for (const control of controls) {
          control.waiting += worker.counted;
          control.links[at]!.taken = worker.sequence;
        }
        worker.counted = 0;
        worker.gradual.reportSent(worker.sequence);
      }
      controls[round % 2]!.tell(workers); // now this one leads, now that one
      for (const { gradual } of workers) {
        expect(requests(gradual.reached)).to.equal(WORKERS * round);
      }
    }
  });
});
