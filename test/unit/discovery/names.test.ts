import { expect } from 'chai';
import { LOOK_UP, Names } from '../../../src/discovery/names.js';
import { nameIn, ofOneKind, spelledOut } from '../../../src/discovery/spelled-out.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { FakeClock } from '../support-clock.js';

describe('addresses with names', () => {
  const known = new Map([
    ['app', ['10.0.0.1', '10.0.0.2']],
    ['six', ['fd00::1']],
  ]);
  const rows: readonly (readonly [readonly string[], readonly string[], string])[] = [
    [['ipc:///run/a'], ['ipc:///run/a'], 'a path is no name'],
    [['tcp://10.0.0.9:1', 'tcp://[::1]:1'], ['tcp://10.0.0.9:1', 'tcp://[::1]:1'], 'nor a number'],
    [['tcp://app:9'], ['tcp://10.0.0.1:9', 'tcp://10.0.0.2:9'], 'one name, two addresses'],
    [['tcp://six:9'], ['tcp://[fd00::1]:9'], 'in brackets'],
    [['tcp://none:9', 'ipc://a'], ['ipc://a'], 'a name that nobody knows stands for nobody'],
    [['tcp://10.0.0.2:9', 'tcp://app:9'], ['tcp://10.0.0.2:9', 'tcp://10.0.0.1:9'], 'each once'],
  ];
  for (const [addresses, expected, meaning] of rows) {
    it(`are ${expected.join(', ')} for ${addresses.join(', ')}: ${meaning}`, () => {
      expect(spelledOut(addresses, known)).to.deep.equal(expected);
    });
  }

  it('have a name only over tcp://, and where it is no number', () => {
    const all = ['tcp://app:1', 'tcp://127.0.0.1:1', 'tcp://[::1]:1', 'ipc://app'];
    expect(all.map(nameIn)).to.deep.equal(['app', undefined, undefined, undefined]);
  });

  it('are of one kind, in one order: who has both is reached once', () => {
    expect(ofOneKind(['fd00::1', '10.0.0.2', '10.0.0.1'])).to.deep.equal(['10.0.0.1', '10.0.0.2']);
    expect(ofOneKind(['fd00::2', 'fd00::1', 'fd00::1'])).to.deep.equal(['fd00::1', 'fd00::2']);
  });
});

describe('Names', () => {
  let clock: FakeClock;
  let events: CutoverEvent[];
  let told: (readonly string[])[];
  let asked: string[];
  let hosts: Map<string, readonly string[] | Error>;
  let names: Names;

  beforeEach(() => {
    clock = new FakeClock();
    events = [];
    told = [];
    asked = [];
    hosts = new Map();
    names = new Names({
      resolve: name => {
        asked.push(name);
        const found = hosts.get(name);
        if (found === undefined) return new Promise(() => undefined); // it does not answer
        return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
      },
      clock,
      report: event => events.push(event),
      changed: addresses => told.push(addresses),
    });
  });
  afterEach(() => names.close());

  /** Everything that was answered is heard. */
  const settled = () => new Promise<void>(resolve => setImmediate(resolve));
  async function later(): Promise<void> {
    clock.advance(LOOK_UP);
    await settled();
  }

  it('tells addresses without names at once, and asks nobody', () => {
    names.take(['ipc://a', 'tcp://127.0.0.1:9']);
    expect(told).to.deep.equal([['ipc://a', 'tcp://127.0.0.1:9']]);
    expect(asked).to.deep.equal([]);
  });

  it('tells what stands behind a name, and what stands there later', async () => {
    hosts.set('app', ['10.0.0.1']);
    names.take(['tcp://app:9']);
    await settled();
    expect(told.at(-1)).to.deep.equal(['tcp://10.0.0.1:9']);
    hosts.set('app', ['10.0.0.2', '10.0.0.1']);
    await later();
    expect(told.at(-1)).to.deep.equal(['tcp://10.0.0.1:9', 'tcp://10.0.0.2:9']);
    const times = told.length;
    hosts.set('app', ['10.0.0.1', '10.0.0.2']); // turned round
    await later();
    expect(told).to.have.length(times, 'nothing new');
  });

  it('keeps the last addresses of a name that cannot be looked up, and says so once', async () => {
    hosts.set('app', ['10.0.0.1']);
    names.take(['tcp://app:9']);
    await settled();
    hosts.set('app', new Error('ENOTFOUND'));
    for (let n = 0; n < 3; n++) await later();
    expect(told.at(-1)).to.deep.equal(['tcp://10.0.0.1:9']);
    expect(events).to.deep.equal([{ type: 'name-unknown', name: 'app', because: 'ENOTFOUND' }]);
    hosts.set('app', ['10.0.0.2']);
    await later();
    expect(told.at(-1)).to.deep.equal(['tcp://10.0.0.2:9']);
    hosts.set('app', new Error('ENOTFOUND'));
    await later();
    expect(events).to.have.length(2);
  });

  it('does not ask again while it waits for an answer', async () => {
    names.take(['tcp://mute:9', 'ipc://a']);
    for (let n = 0; n < 5; n++) await later();
    expect(asked).to.deep.equal(['mute']);
    expect(told).to.deep.equal([['ipc://a']], 'others do not wait for it');
  });

  it('forgets a name that is not among the addresses any more', async () => {
    hosts.set('app', ['10.0.0.1']);
    names.take(['tcp://app:9']);
    await settled();
    names.take([]);
    expect(told.at(-1)).to.deep.equal([]);
    asked.length = 0;
    await later();
    expect(asked).to.deep.equal([]);
    hosts.set('gone', new Error('ENOTFOUND'));
    for (let n = 0; n < 2; n++) {
      names.take(['tcp://gone:9']);
      await settled();
      names.take([]);
    }
    expect(events).to.have.length(2, 'nor does it keep that one could not be looked up');
  });

  it('asks for no more than 64 names, and takes no more than 256 addresses of one', async () => {
    const many = Array.from({ length: 300 }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
    for (let n = 0; n < 70; n++) hosts.set(`n${n}`, many);
    names.take(Array.from({ length: 70 }, (_, n) => `tcp://n${n}:9`));
    await settled();
    expect(asked).to.have.length(64);
    names.take(['tcp://n0:9']);
    expect(told.at(-1)).to.have.length(256);
  });

  it('tells nothing once it is closed', async () => {
    hosts.set('app', ['10.0.0.1']);
    names.take(['tcp://app:9']);
    names.close();
    await later();
    expect(told).to.deep.equal([[]]);
  });
});
