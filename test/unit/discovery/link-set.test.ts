import { expect } from 'chai';
import { LinkSet } from '../../../src/discovery/link-set.js';
import { within } from '../../support/within.js';

class FakeLink {
  isHeard = false;
  isClosed = false;
  readonly address: string;
  end: () => void = () => undefined;
  fail: (cause: unknown) => void = () => undefined;
  readonly #running = new Promise<void>((resolve, reject) => {
    this.end = resolve;
    this.fail = reject;
  });

  constructor(address: string) {
    this.address = address;
  }

  run(): Promise<void> {
    return this.#running;
  }

  close(): void {
    this.isClosed = true;
  }
}

describe('a set of links', () => {
  let made: FakeLink[];
  let refuses: Error | undefined;
  let set: LinkSet<FakeLink>;
  beforeEach(() => {
    made = [];
    refuses = undefined;
    set = new LinkSet(address => {
      if (refuses !== undefined) throw refuses;
      const link = new FakeLink(address);
      made.push(link);
      return link;
    }, 3);
  });

  const all = () => set.all.map(({ address }) => address);
  const ended = (what: string) => within(1000, what, set.run());

  it('makes those that are wanted, once', () => {
    set.want(['a', 'b']);
    set.want(['a', 'b', 'c']);
    set.tidy();
    expect(made.map(({ address }) => address)).to.deep.equal(['a', 'b', 'c']);
  });

  it('drops one that nobody wants once it is silent, and makes it anew when it is wanted again', () => {
    set.want(['a', 'b']);
    made[1]!.isHeard = true;
    set.want(['a']);
    expect(all()).to.deep.equal(['a', 'b']);
    made[1]!.isHeard = false;
    set.tidy();
    expect(all()).to.deep.equal(['a']);
    expect(made[1]!.isClosed).to.equal(true);
    set.want(['a', 'b']);
    expect(all()).to.deep.equal(['a', 'b']);
    expect(made).to.have.length(3);
  });

  it('tries again where there were no descriptors', () => {
    refuses = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    set.want(['a']);
    expect(all()).to.deep.equal([]);
    refuses = undefined;
    set.tidy();
    expect(all()).to.deep.equal(['a']);
  });

  it('says what else is wrong', () => {
    refuses = new Error('Invalid argument');
    expect(() => set.want(['a'])).to.throw('Invalid argument');
  });

  it('takes none and drops none once it is settled', () => {
    set.want(['a']);
    set.settle();
    set.want(['b']);
    set.tidy();
    expect(all()).to.deep.equal(['a']);
  });

  it('ends when all have ended that ever were', async () => {
    set.want(['a', 'b']);
    set.want(['a']);
    set.close();
    expect(made.map(({ isClosed }) => isClosed)).to.deep.equal([true, true]);
    let isOver = false;
    const over = ended('all have ended').then(() => (isOver = true));
    made[0]!.end();
    await Promise.resolve();
    expect(isOver).to.equal(false);
    made[1]!.end();
    await over;
  });

  it('ends at once where there are none', async () => {
    set.close();
    await ended('nothing is to be waited for');
  });

  it('fails with the first that fails', async () => {
    set.want(['a']);
    made[0]!.fail(new Error('a fault'));
    expect(await ended('it has failed').catch(String)).to.equal('Error: a fault');
  });
});
