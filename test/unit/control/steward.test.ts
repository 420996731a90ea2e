import { expect } from 'chai';
import { Steward } from '../../../src/control/steward.js';
import type { Judged } from '../../../src/control/judged.js';
import type { Learned } from '../../../src/control/learned.js';
import type { Outcome } from '../../../src/control/registrar.js';
import { nothingUsual } from '../../../src/control/usual.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { Controls } from '../../../src/registry/leadership.js';
import { firstTable, type Change } from '../../../src/versions/routing-table.js';

const id = versionId('id-2.0');
const table = firstTable({
  id,
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9000 }],
  transition: { mode: 'INSTANT' },
});
const demote: Change = { kind: 'happen', id, on: { type: 'demote', because: 'it fails' } };
const advance = (to: number): Change => ({
  kind: 'happen',
  id,
  on: { type: 'advance', progress: share(to) },
});
const progress = { version: id, share: share(0.3), isHeld: false };
const nothing: Judged = { changes: [], remember: [], progress: undefined, events: [] };
const done: Outcome = { kind: 'done', table };
const failed: Outcome = { kind: 'not-durable', because: 'the disk is full' };

class Stand {
  readonly said: string[] = [];
  readonly events: CutoverEvent[] = [];
  judged: Judged = nothing;
  term: string | undefined = '7';
  controls: Controls | undefined = { leader: 'a', live: ['a', 'b'], away: undefined };
  outcome: Outcome = done;
  seesWorkers = true;
  learned: Learned = {
    edition: 1,
    policy: {
      minimumSample: 1,
      falseAlarms: 0.1,
      tolerance: 0.1,
      slower: 1,
      larger: 1,
      mostFailures: 0.1,
    },
    trials: [],
    usual: nothingUsual,
    events: [],
  };
  readonly steward: Steward;
  #now = 0;

  constructor(about: Partial<Pick<Stand, 'term' | 'controls'>> = {}) {
    Object.assign(this, about);
    const { said } = this;
    const note = (what: string) => {
      said.push(what);
      return Promise.resolve(this.outcome);
    };
    const current = <Name extends 'term' | 'controls'>(name: Name): Stand[Name] => this[name];
    this.steward = new Steward({
      overseer: {
        tick: () => this.judged,
        learned: this.learned,
        adopt: () => said.push('adopted'),
      },
      registrar: {
        change: (change, how) =>
          note(`${change.kind} ${how?.asLeader === true ? 'as leader' : ''}`),
        remember: changes => note(`remember ${changes.length}`),
        refresh: ({ asLeader }) => note(`refresh ${asLeader ? 'as leader' : 'as follower'}`),
      },
      leadership: {
        get term() {
          return current('term');
        },
        get controls() {
          return current('controls');
        },
      },
      keeper: {
        keep: () => said.push('kept'),
        read: () => Promise.resolve(this.learned),
      },
      pace: { share: 1000, learned: 1000 },
      seesWorkers: () => this.seesWorkers,
      progress: told => said.push(told === undefined ? 'tells no more' : `tells ${told.share}`),
      report: event => this.events.push(event),
    });
  }

  /** A look, and what follows from it. */
  async look(judged: Partial<Judged> = {}): Promise<readonly string[]> {
    this.judged = { ...nothing, ...judged };
    this.#now += 50;
    this.steward.look({ monotonic: this.#now, wall: 0 });
    await new Promise(resume => setImmediate(resume));
    return this.said.splice(0);
  }
}

describe('the steward', () => {
  it('acts at once where nobody shares the registry', async () => {
    const stand = new Stand({ term: '0', controls: undefined });
    expect(await stand.look({ changes: [demote], progress })).to.deep.equal([
      'tells 0.3',
      'happen as leader',
    ]);
    expect(stand.steward.isLeading).to.equal(true);
  });

  it('takes back, but calls nothing complete, while it sees no worker', async () => {
    const complete: Change = { kind: 'happen', id, on: { type: 'complete' } };
    const promote: Change = { kind: 'happen', id, on: { type: 'promote' } };
    const stand = new Stand({ term: '0', controls: undefined });
    stand.seesWorkers = false;
    expect(await stand.look({ changes: [complete, promote] })).to.deep.equal([]);
    expect(await stand.look({ changes: [demote] })).to.deep.equal(['happen as leader']);
    stand.seesWorkers = true;
    expect(await stand.look({ changes: [complete] })).to.deep.equal(['happen as leader']);
  });

  it('looks and does nothing while another control leads', async () => {
    const stand = new Stand({ term: undefined });
    const because = 'it fails';
    const what = { at: '', id, version: '2.0', what: 'unhealthy', because, edition: 2 };
    const looked = { changes: [demote], remember: [advance(0.3)], progress, events: [what] };
    expect(await stand.look(looked)).to.deep.equal([]);
    expect(stand.events).to.deep.equal([
      { type: 'version-changed', version: '2.0', id, what: 'unhealthy', because },
    ]);
    expect(stand.steward.happened['unhealthy']).to.equal(1);
    stand.steward.tableChanged();
    stand.steward.keep();
    expect(stand.said).to.deep.equal([]);
  });

  it('learns what its predecessor has done before it acts, and tells workers where they are', async () => {
    const stand = new Stand({ term: undefined });
    await stand.look({ progress });
    stand.term = '8';
    expect(await stand.look({ changes: [demote] })).to.deep.equal([
      'refresh as leader',
      'tells 0.3',
    ]);
    expect(await stand.look({ changes: [demote] })).to.deep.equal(['happen as leader']);
  });

  it('does not act before the registry has answered', async () => {
    const stand = new Stand({ term: undefined });
    stand.term = '8';
    stand.outcome = failed;
    expect(await stand.look({ changes: [demote] })).to.deep.equal(['refresh as leader']);
    expect(await stand.look({ changes: [demote] })).to.deep.equal(['refresh as leader']);
    stand.outcome = done;
    await stand.look();
    expect(await stand.look({ changes: [demote] })).to.deep.equal(['happen as leader']);
  });

  it('stops at once when it does not lead any more, and tells nobody who comes', async () => {
    const stand = new Stand();
    await stand.look();
    stand.term = undefined;
    expect(await stand.look({ changes: [demote], progress })).to.deep.equal(['tells no more']);
    expect(await stand.look({ changes: [demote], progress })).to.deep.equal([]);
  });

  it('begins anew with a term of its own that follows its last one', async () => {
    const stand = new Stand();
    await stand.look();
    stand.term = '9';
    expect(await stand.look({ changes: [demote] })).to.deep.equal([
      'tells no more',
      'refresh as leader',
    ]);
  });

  it('saves a share as often as the registry likes it, and the last one in any case', async () => {
    const stand = new Stand({ term: '0', controls: undefined });
    expect(await stand.look({ remember: [advance(0.1)] })).to.deep.equal(['remember 1']);
    expect(await stand.look({ remember: [advance(0.2)] })).to.deep.equal([]);
    const later: string[] = [];
    for (let looks = 0; looks < 40; looks += 1) later.push(...(await stand.look()));
    expect(later).to.deep.equal(['remember 1']);
  });

  it('takes what others have saved, twice for many calls', async () => {
    const stand = new Stand({ term: undefined });
    for (let times = 0; times < 10; times += 1) stand.steward.refresh();
    expect(await stand.look()).to.deep.equal(['refresh as follower', 'refresh as follower']);
  });

  it('takes what the leader has learned, unless it leads', async () => {
    const stand = new Stand({ term: undefined });
    await stand.steward.learnedChanged();
    stand.steward.tableChanged();
    expect(stand.said.splice(0)).to.deep.equal(['adopted', 'adopted']);
    const leading = new Stand({ term: '0', controls: undefined });
    await leading.steward.learnedChanged();
    expect(leading.said).to.deep.equal([]);
    leading.steward.tableChanged();
    expect(leading.said).to.deep.equal(['kept']);
  });

  it('counts every failure, and says a reason once until it goes well again', () => {
    const { steward, events } = new Stand();
    for (const outcome of [failed, failed, done, failed]) steward.reported(outcome);
    expect(steward.failures).to.equal(3);
    expect(events).to.have.lengthOf(2);
  });

  it('says nothing of a registry that is known to be away', () => {
    const away = 'etcd cannot be used: why';
    const { steward, events } = new Stand({ controls: { leader: 'a', live: [], away } });
    steward.reported(failed);
    expect(steward.failures).to.equal(1);
    expect(events).to.deep.equal([]);
  });
});
