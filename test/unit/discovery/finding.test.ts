import { expect } from 'chai';
import type { Directory, Entry } from '../../../src/discovery/directory.js';
import { asConfigured } from '../../../src/discovery/finder.js';
import { Finding } from '../../../src/discovery/finding.js';
import { reachedAt } from '../../../src/discovery/reached-at.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { FakeClock } from '../support-clock.js';

const at = (address: string): Entry => ({ address, host: 'host-1' });

describe('Finding', () => {
  let events: CutoverEvent[];
  let lists: Map<string, (entries: readonly Entry[]) => void>;
  let told: (readonly string[])[];
  let directory: Directory;

  beforeEach(() => {
    events = [];
    lists = new Map();
    told = [];
    directory = {
      watch(sought, changed) {
        lists.set(sought, changed);
        return () => void lists.delete(sought);
      },
      register: () => ({ withdraw: () => Promise.resolve() }),
      close: () => Promise.resolve(),
    };
  });

  const finding = (with_?: Directory) =>
    new Finding({
      resolve: () => Promise.resolve(['10.0.0.7']),
      directory: with_,
      mayLink: address => !address.includes('evil'),
      clock: new FakeClock(),
      report: event => events.push(event),
    });

  it('finds what is configured, and no more, without a directory', () => {
    const finder = finding();
    expect(finder.discovers).to.equal(false);
    finder.watch('frontends', ['ipc://a'], found => told.push(found));
    expect(told).to.deep.equal([['ipc://a']]);
  });

  it('finds what is configured and who is registered, each once, by name as well', async () => {
    const finder = finding(directory);
    expect(finder.discovers).to.equal(true);
    finder.watch('frontends', ['tcp://10.0.0.1:9'], found => told.push(found));
    lists.get('frontends')!([at('tcp://10.0.0.2:9'), at('tcp://10.0.0.1:9'), at('tcp://app:9')]);
    await new Promise<void>(resolve => setImmediate(resolve));
    expect(told.at(-1)).to.deep.equal(['tcp://10.0.0.1:9', 'tcp://10.0.0.2:9', 'tcp://10.0.0.7:9']);
    lists.get('frontends')!([]);
    expect(told.at(-1)).to.deep.equal(['tcp://10.0.0.1:9']);
  });

  it('links to nobody whom the configuration would not let it link to, and says so once', () => {
    finding(directory).watch('controls', [], found => told.push(found));
    for (let n = 0; n < 2; n++) lists.get('controls')!([at('tcp://evil:9'), at('ipc://b')]);
    expect(told.at(-1)).to.deep.equal(['ipc://b']);
    expect(events.map(({ type }) => type)).to.deep.equal(['address-refused']);
    // It keeps none of those that have gone.
    for (const list of [[], [at('tcp://evil:9')]]) lists.get('controls')!(list);
    expect(events).to.have.length(2);
  });

  it('ends with all that it asked for', () => {
    const cancel = finding(directory).watch('controls', [], () => undefined);
    expect(lists.size).to.equal(1);
    cancel();
    expect(lists.size).to.equal(0);
  });

  it('is not needed where addresses are taken as they stand', () => {
    asConfigured.watch('frontends', ['tcp://app:9'], found => told.push(found))();
    expect(told).to.deep.equal([['tcp://app:9']]);
  });
});

describe('where others reach somebody', () => {
  const rows: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ['tcp://10.0.0.1:9', undefined, 'tcp://10.0.0.1:9'],
    ['tcp://0.0.0.0:9', undefined, undefined],
    ['tcp://[::]:9', undefined, undefined],
    ['tcp://[fd00::1]:9', undefined, 'tcp://[fd00::1]:9'],
    ['tcp://0.0.0.0:9', 'host-1', 'tcp://host-1:9'],
    ['tcp://0.0.0.0:9', 'fd00::1', 'tcp://[fd00::1]:9'],
    ['tcp://0.0.0.0:9', 'tcp://outside:19', 'tcp://outside:19'],
    ['ipc:///run/a', undefined, undefined],
    ['ipc:///run/a', 'host-1', undefined],
    ['ipc:///run/a', 'tcp://host-1:9', 'tcp://host-1:9'],
  ];
  for (const [bound, advertise, expected] of rows) {
    it(`is ${expected ?? 'nowhere'} for ${bound}, said to be ${advertise ?? 'nothing'}`, () => {
      expect(reachedAt(bound, advertise)).to.equal(expected);
    });
  }
});
