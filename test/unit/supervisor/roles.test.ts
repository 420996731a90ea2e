import { expect } from 'chai';
import { parseConfig } from '../../../src/config/config.js';
import type { Launch } from '../../../src/supervisor/child-process.js';
import type { Listeners } from '../../../src/supervisor/listeners.js';
import { Roles, type Edition } from '../../../src/supervisor/roles.js';
import type { RuntimeFolder } from '../../../src/supervisor/runtime-folder.js';
import { FakeClock } from '../support-clock.js';

const listeners: Listeners = {
  address: '127.0.0.1:8080',
  descriptors: [5],
  env: { LISTEN_FDS: '1' },
  close: () => Promise.resolve(),
};

const folder: RuntimeFolder = {
  device: name => `ipc:///run/${name}.ipc`,
  keep: () => Promise.reject(new Error('no role keeps anything')),
  remove: () => undefined,
};

function editionOf(sections: object): Edition {
  const parsed = parseConfig({ cluster: { servers: [{ ip: 'a', port: 1 }] }, ...sections });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return { config: parsed.config, file: 'config.json' };
}

/** What a frontend, a worker and control are started with. */
function launched(sections: object) {
  const launches: Launch[] = [];
  const spawn = (launch: Launch) => {
    launches.push(launch);
    return { pid: launches.length, kill: () => undefined };
  };
  const registryFile = '/state/cutover.json';
  const options = {
    spawn,
    registryFile,
    env: { HOME: '/' },
    clock: new FakeClock(),
    chance: () => 0,
  };
  const roles = new Roles({ ...options, report: () => undefined }, listeners, folder);
  const edition = editionOf({ workers: { count: 1 }, ...sections });
  roles.control(edition);
  const posts = roles.posts(edition.config);
  roles.workers(edition, posts);
  for (const post of posts) roles.frontend(edition, post);
  return (verb: string) => launches.filter(({ args }) => args[0] === verb);
}

/** Each value that an option is given, in order. */
const given = (option: string, { args }: Launch) =>
  args.flatMap((arg, at) => (args[at - 1] === option ? [arg] : []));

const registry = { file: 'versions' };
const none = { registry: { kind: 'none' } };

describe('Roles', () => {
  const rows: readonly (readonly [what: string, sections: object, address: string | undefined])[] =
    [
      [
        'the address that is configured',
        { registry, device: { control: 'tcp://127.0.0.1:1' } },
        'tcp://127.0.0.1:1',
      ],
      ['one in the private folder', { registry }, 'ipc:///run/control.ipc'],
      ['also without a path for the registry', {}, 'ipc:///run/control.ipc'],
      ['nowhere, where nobody wants it', none, undefined],
    ];
  for (const [what, sections, address] of rows) {
    it(`tells frontends and workers where control is: ${what}`, () => {
      const all = launched(sections);
      const expected = address === undefined ? [] : [address];
      const found = [...all('frontend'), ...all('worker')].map(each => given('--control', each));
      expect(found).to.deep.equal([expected, expected]);
      expect(all('control').flatMap(each => given('--announce', each))).to.deep.equal(expected);
    });
  }

  it('tells workers of all frontends, and each frontend its own address', () => {
    const all = launched({ frontends: { count: 2 } });
    const addresses = ['ipc:///run/frontend-1.ipc', 'ipc:///run/frontend-2.ipc'];
    expect(all('frontend').flatMap(each => given('--device', each))).to.deep.equal(addresses);
    expect(all('worker').map(each => given('--frontend', each))).to.deep.equal([addresses]);
  });

  const patiences: readonly (readonly [timeouts: object, seconds: number, what: string])[] = [
    [{ drain: 3, drainTunnel: 1 }, 3, 'of requests, the later one'],
    [{ drain: 3, drainTunnel: 9 }, 9, 'of tunnels, the later one'],
  ];
  for (const [timeouts, seconds, what] of patiences) {
    it(`kills who has not drained some seconds after the deadline ${what}`, async () => {
      const clock = new FakeClock();
      const signals: string[] = [];
      let end = () => undefined as unknown;
      const roles = new Roles(
        {
          spawn: (_, host) => {
            end = () => host.ended(0, null);
            return { pid: 1, kill: signal => signals.push(signal) };
          },
          registryFile: '',
          env: {},
          clock,
          chance: () => 0,
          report: () => undefined,
        },
        listeners,
        folder,
      );
      const edition = editionOf({ ...none, timeouts });
      for (const post of roles.posts(edition.config)) roles.frontend(edition, post);
      const stopped = roles.stopAll();
      clock.advance(seconds * 1000);
      expect(signals).to.deep.equal(['SIGTERM']);
      clock.advance(60_000);
      expect(signals).to.deep.equal(['SIGTERM', 'SIGKILL']);
      end();
      await stopped;
    });
  }

  it('hands the listening sockets to frontends alone', () => {
    const all = launched({ registry });
    const inherited = (verb: string) =>
      all(verb).map(({ descriptors, env }) => [...descriptors, env['LISTEN_FDS']]);
    expect(inherited('frontend')).to.deep.equal([[5, '1']]);
    expect(inherited('worker')).to.deep.equal([[undefined]]);
    expect(inherited('control')).to.deep.equal([[undefined]]);
  });
});
