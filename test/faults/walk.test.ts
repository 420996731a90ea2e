/**
 * A random walk over all faults. CUTOVER_FAULTS_SEED: a number that decides every step, 1 by default.
 * CUTOVER_FAULTS_SECONDS: for how long, 20 by default; rounds are finished, so it takes a little longer. What fails says what to run
 * again. (Processes run as they like: the same seed makes the same steps, not the same moments.)
 */
import { expect } from 'chai';
import { Stage } from '../support/stage.js';
import { filesOf, grown, heldBy, memory, noMoreHeldThan } from './leaks.js';
import { noFaults, ways, type Counts } from './ledger.js';
import { chances } from './seeded.js';
import { Walk } from './walk.js';
import { World } from './world.js';

const SEED = Number(process.env['CUTOVER_FAULTS_SEED'] ?? 1);
const SECONDS = Number(process.env['CUTOVER_FAULTS_SECONDS'] ?? 20);
/** Milliseconds for a last round, and for everything to settle. */
const SLACK = 240_000;

describe(`a random walk over faults (CUTOVER_FAULTS_SEED=${SEED} CUTOVER_FAULTS_SECONDS=${SECONDS})`, function () {
  this.timeout(SECONDS * 1000 + SLACK);
  const stage = new Stage();
  after(() => stage.clear());

  it('loses, doubles and mixes up nothing, explains every failure, and leaves nothing behind', async () => {
    const started = performance.now();
    const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
    const steps: string[] = [];
    const note = (step: string) => void steps.push(`${seconds().padStart(7)} s  ${step}`);
    const totals = { sent: 0, answered: 0, executions: 0 };
    const about: About = { injected: new Map(), complaints: () => '' };
    try {
      await walked(note, about, totals, started + SECONDS * 1000);
    } catch (cause) {
      const again = `CUTOVER_FAULTS_SEED=${SEED} CUTOVER_FAULTS_SECONDS=${SECONDS} npx mocha dist/test/faults/walk.test.js`;
      const text = [String(cause), `again: ${again}`, 'steps:', ...steps, about.complaints()].join(
        '\n',
      );
      throw new Error(text, { cause });
    }
    const kinds = [...about.injected].map(([name, times]) => `${name} ${times}`).join(', ');
    console.log(
      `      ${JSON.stringify(totals)} in ${seconds()} s; ${steps.length} steps: ${kinds}`,
    );
  });

  async function walked(
    note: (step: string) => void,
    about: About,
    totals: { -readonly [Name in keyof Counts]: number },
    deadline: number,
  ): Promise<void> {
    const chance = chances(SEED, 'walk');
    const at = await World.begin(stage);
    const walk = new Walk(at, { chance, note });
    about.injected = walk.injected;
    about.complaints = () => complaintsOf(at);
    const files = await warmedUp(at);
    const held = await heldBy(at);
    const used = await memory(at);
    for (let round = 1; round === 1 || performance.now() < deadline; round += 1) {
      note(`round ${round}`);
      const load = at.load({ prefix: `round${round}`, chance: chances(SEED, `round ${round}`) });
      await walk.round(count => load.traffic.moreOrLate(count));
      await load.traffic.more(50);
      const ledger = await at.finish(load);
      const { sent, answered, executions } = ledger.counts;
      totals.sent += sent;
      totals.answered += answered;
      totals.executions += executions;
      expect(ledger.faults).to.deep.equal(noFaults);
      const unexplained = walk.unexplained(ledger.failed);
      expect(ways(unexplained), JSON.stringify(unexplained.slice(0, 5))).to.deep.equal({});
      await at.settled();
      at.forgetRequests();
    }
    note('everything is well');
    await noMoreHeldThan(at, held);
    expect(grown(used, await memory(at)), 'MiB that processes have grown by').to.deep.equal({});
    expect((await filesOf(at)).join(', ')).to.equal(files.join(', '));
    await at.cutover.stop(30_000);
    const durable = files.filter(name => !/\.ipc$|^config-\d|\.lock$/.test(name));
    expect((await filesOf(at)).join(', '), 'when all has ended').to.equal(durable.join(', '));
  }

  /** Every part has been used once. What is then there, is there for good: the names of its files. */
  async function warmedUp(at: World): Promise<readonly string[]> {
    const chance = chances(SEED, 'warm-up');
    const load = at.load({ prefix: 'warm', chance });
    await load.traffic.more(300);
    const servers = at.newer.map(({ address }) => address);
    const id = await at.api.upgrade('1.1', servers, { mode: 'INSTANT' });
    await load.traffic.more(300);
    await at.api.remove(id);
    await load.traffic.more(50);
    expect((await at.finish(load)).faults).to.deep.equal(noFaults);
    await at.settled();
    return filesOf(at);
  }
});

interface About {
  injected: ReadonlyMap<string, number>;
  complaints: () => string;
}

/** What Cutover said last of requests that it could not serve, of processes that ended, and of itself. */
function complaintsOf({ cutover }: World): string {
  const meant = new Set(['exchange-failed', 'request-refused', 'role-ended', 'fault']);
  const lines = cutover.lines.filter(({ event }) => meant.has(event)).slice(-60);
  const said = ({ time, process: role, message }: (typeof lines)[number]) =>
    [time, role, message].map(String).join(' ');
  return ['Cutover said:', ...lines.map(said), cutover.errors.slice(-4_000)].join('\n');
}
