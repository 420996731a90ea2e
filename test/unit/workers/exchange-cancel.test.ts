import { expect } from 'chai';
import { settled } from '../frontend/stand.js';
import {
  answer,
  COMPARISON_PATIENCE,
  FakeConnection,
  FakeServer,
  OK,
  request,
  Stand,
  type About,
} from './stand.js';

const PART = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab';
const CONCURRENT = { transition: { mode: 'CONCURRENT' } } as const;

/** Where an exchange is when its client goes away. */
interface Phase {
  readonly about?: About;
  readonly before: (
    stand: Stand,
    asked: Readonly<Record<'new' | 'old', FakeConnection>>,
  ) => unknown;
  readonly meaning: string;
}

const phases: readonly Phase[] = [
  { before: () => undefined, meaning: 'before a connection is lent' },
  { before: () => settled(), meaning: 'while the answer is waited for' },
  { before: (_, each) => each.new.says(PART), meaning: 'while the answer is held' },
  {
    before: (_, each) => each.new.says('HTTP/1.1 200 OK\r\n\r\nab'),
    meaning: 'while the end of an answer without a length is waited for',
  },
  {
    before: (_, each) => each.new.hangsUp(),
    meaning: 'while the next version is asked',
  },
  {
    about: { asked: request({ method: 'PUT', more: true }) },
    before: stand => stand.gets('part'),
    meaning: 'in the middle of its upload',
  },
  {
    about: { asked: request({ method: 'PUT', more: true }) },
    before: async (stand, each) => {
      await stand.gets('part');
      await each.new.hangsUp();
      stand.said = stand.said.filter(said => said !== 'again');
    },
    meaning: 'while the upload is waited for again',
  },
  { about: CONCURRENT, before: () => settled(), meaning: 'while both versions are asked' },
  {
    about: CONCURRENT,
    before: (_, each) => each.new.says(OK),
    meaning: 'while the older answer is waited for',
  },
  {
    about: CONCURRENT,
    before: (_, each) => each.old.says(OK),
    meaning: 'while the newer answer is waited for',
  },
  {
    about: CONCURRENT,
    before: (_, each) => each.old.says(PART),
    meaning: 'while the older answer is held to be compared',
  },
];

describe('Exchange of a worker whose client goes away', () => {
  const begin = (about: About = {}) => {
    const asked = { new: new FakeConnection(), old: new FakeConnection() };
    const spare = new FakeConnection();
    const stand = new Stand({
      moving: [new FakeServer('new', asked.new)],
      stable: [new FakeServer('old', asked.old), new FakeServer('spare', spare)],
      ...about,
    });
    return { stand, asked, spare };
  };

  for (const { about, before, meaning } of phases) {
    it(`closes all connections and says nothing more, ${meaning}`, async () => {
      const { stand, asked, spare } = begin(about);
      await before(stand, asked);
      const observed = stand.seen.filter(each => each.includes('ERR_SERVER_RESET'));
      stand.exchange.cancel();
      await stand.run;
      expect(stand.said).to.deep.equal([]);
      expect(stand.reported).to.deep.equal([]);
      for (const each of [asked.new, asked.old, spare]) {
        expect(each.sent === '' || each.fate !== undefined).to.equal(true, 'it is given back');
      }
      expect(stand.seen.filter(each => each.includes(' failed '))).to.deep.equal(observed);
      expect(stand.clock.waiting).to.equal(0);
    });
  }

  it('says nothing of a newer answer that is still judged', async () => {
    const { stand, asked } = begin(CONCURRENT);
    await asked.old.says(OK);
    await stand.passes(COMPARISON_PATIENCE);
    expect(stand.said).to.have.length(1);
    expect(stand.isOver).to.equal(false);
    stand.exchange.cancel();
    await stand.run;
    expect(asked.new.isClosed).to.equal(true);
    expect(stand.seen).to.deep.equal(['stable old ok 200 2 bytes #1']);
  });

  // The cancel can come between any two steps of what a piece of an answer sets off.
  const last: readonly (readonly [About, string, string])[] = [
    [{}, OK, 'an answer'],
    [{}, answer('oops', 500), 'a 5xx'],
    [{}, '', 'a goodbye'],
    [CONCURRENT, OK, 'the newer answer'],
    [CONCURRENT, answer('oops', 500), 'a 5xx of the newer version'],
  ];
  for (const [about, piece, meaning] of last) {
    it(`asks nobody else and keeps nothing, however shortly after ${meaning} it is`, async () => {
      for (let steps = 0; steps < 40; steps++) {
        const { stand, asked, spare } = begin(about);
        await settled();
        if (about === CONCURRENT) await asked.old.says(OK);
        asked.new.saysAtOnce(piece);
        for (let step = 0; step < steps; step++) await Promise.resolve();
        const said = stand.said.length;
        stand.exchange.cancel();
        const asking = [asked.new, asked.old, spare].filter(({ sent }) => sent !== '');
        await settled();
        expect(stand.isOver).to.equal(true, `after ${steps} steps`);
        expect(stand.said).to.have.length(said, `after ${steps} steps`);
        for (const each of [asked.new, asked.old, spare]) {
          if (each.sent === '') continue;
          expect(each.fate).to.not.equal(undefined, `after ${steps} steps`);
          expect(asking).to.include(each, `after ${steps} steps`);
        }
      }
    });
  }

  it('ends, however shortly after a 5xx in the middle of its upload it is', async () => {
    for (let steps = 0; steps < 40; steps++) {
      const { stand, asked } = begin({ asked: request({ method: 'PUT', more: true }) });
      await stand.gets('part');
      asked.new.saysAtOnce(answer('oops', 500));
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const said = stand.said.length;
      stand.exchange.cancel();
      await settled();
      expect(stand.isOver).to.equal(true, `after ${steps} steps`);
      expect(stand.said).to.have.length(said, `after ${steps} steps`);
    }
  });

  describe('where a server hangs', () => {
    /** Milliseconds: half of the time that a version under way is waited for. */
    const HALF = 150;

    it('counts against the version once half of our patience is over', async () => {
      const { stand } = begin();
      await stand.sweeps(HALF);
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.deep.equal(['moving new failed ERR_SERVER_SILENT #1']);
      expect(stand.blamed).to.deep.equal(['version']);
      expect(stand.observed[0]?.delay).to.equal(HALF);
      expect(stand.of('moving').heard).to.deep.equal([], 'some requests wait by design');
    });

    it('counts on the stable version as well: it is what is compared with', async () => {
      const { stand } = begin({ transition: { mode: 'CONCURRENT' } });
      await stand.sweeps(HALF);
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.have.members([
        'moving new failed ERR_SERVER_SILENT #1',
        'stable old failed ERR_SERVER_SILENT #1',
      ]);
    });

    it('says nothing before that', async () => {
      const { stand } = begin();
      await stand.sweeps(HALF - 1);
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.deep.equal([]);
    });

    it('says nothing of a server that has not been sent all of the request yet', async () => {
      const { stand } = begin({ asked: request({ method: 'PUT', more: true }) });
      await stand.sweeps(HALF);
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.deep.equal([]);
    });

    it('is a rescue where another had failed before: it says nothing fair of that version', async () => {
      const { stand, asked } = begin();
      await asked.new.hangsUp();
      await stand.sweeps(HALF);
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.deep.equal([
        'moving new failed ERR_SERVER_RESET #1',
        'stable old failed ERR_SERVER_SILENT #2',
      ]);
    });

    it('says nothing of an answer that has begun', async () => {
      const { stand, asked } = begin();
      await asked.new.says(PART);
      await stand.sweeps(HALF);
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.deep.equal([]);
    });

    it('is told once, however often it is cancelled', async () => {
      const { stand } = begin();
      await stand.sweeps(HALF);
      stand.exchange.cancel();
      stand.exchange.cancel();
      await stand.run;
      expect(stand.seen).to.have.length(1);
    });
  });
});
