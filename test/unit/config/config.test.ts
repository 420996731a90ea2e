import { expect } from 'chai';
import { parseConfig } from '../../../src/config/config.js';

const server = { ip: '127.0.0.1', port: 9101 };
const least = { cluster: { servers: [server] } };

/** The least configuration with something more. */
const withCluster = (more: object) => ({ cluster: { servers: [server], ...more } });
const withUpgrade = (upgradeTransition: unknown) => withCluster({ upgradeTransition });

describe('parseConfig', () => {
  it('fills in every default', () => {
    const parsed = parseConfig(least);
    if (!parsed.ok) throw new Error('no problem was expected');
    expect(parsed.config.proxy).to.deep.equal({
      host: '127.0.0.1',
      port: 8080,
      backlog: 4096,
      forwarded: 'replace',
      upgrades: ['websocket'],
    });
    expect(parsed.config.cluster).to.deep.equal({
      servers: [{ host: '127.0.0.1', port: 9101 }],
      version: '0.0',
      upgradeTransition: { mode: 'INSTANT' },
    });
    expect(parsed.config.device).to.deep.equal({
      frontends: [],
      heartbeat: 1,
      silence: 5,
      window: 262_144,
    });
    expect(parsed.config.session).to.deep.equal({ timeout: 1800, secure: false });
    expect(parsed.config.rescue).to.deep.equal({
      patience: 10,
      hold: 65_536,
      idempotencyKeys: false,
      share: 0.2,
      perSecond: 10,
    });
    expect(parsed.config.comparison).to.deep.equal({
      patience: 0.5,
      fields: [],
      pointers: [],
      evidence: true,
    });
    expect(parsed.config.monitor).to.deep.equal({
      policy: 'rollback',
      observation: 300,
      minimumSample: 20,
      falseAlarms: 0.001,
      tolerance: 0.01,
      slower: 3,
      larger: 3,
      mostFailures: 0.05,
    });
    expect(parsed.config.timeouts.drain).to.equal(30);
    expect(parsed.config.limits.connections).to.equal(undefined);
    expect(parsed.config.log.level).to.equal('info');
  });

  const accepted: readonly (readonly [what: string, value: unknown])[] = [
    ['the address of a schema, for editors', { ...least, $schema: '../config.schema.json' }],
    ['a hostname in place of an IP address', { ...least, proxy: { hostname: 'localhost' } }],
    ['a hostname under ip', { cluster: { servers: [{ ip: 'app-1.internal', port: 1 }] } }],
    ['an IPv6 address', { cluster: { servers: [{ ip: '::1', port: 65535 }] } }],
    ['a port that the system chooses', { ...least, proxy: { port: 0 } }],
    ['a whole number for a version', withCluster({ version: 2 })],
    ['a session upgrade', withUpgrade({ mode: 'SESSION', sessionTimeout: 0.5 })],
    ['gradual by requests', withUpgrade({ mode: 'GRADUAL', percentageTransitionPerRequest: 100 })],
    ['gradual by time', withUpgrade({ mode: 'GRADUAL', duration: '14d', sessionTimeout: 60 })],
    ['a concurrent upgrade', withUpgrade({ mode: 'CONCURRENT' })],
    ['an instant upgrade with sessions', withUpgrade({ mode: 'INSTANT', sessionTimeout: 60 })],
    ['silence of two heartbeats', { ...least, device: { heartbeat: 2, silence: 4 } }],
    ['an ipc path of 107 bytes', { ...least, device: { frontends: [`ipc://${'x'.repeat(107)}`] } }],
    [
      'device addresses, with keys',
      {
        ...least,
        device: { frontends: ['tcp://[::1]:1', 'tcp://a.b:65535'] },
        security: { key: 'file' },
      },
    ],
    ['no bodies at all', { ...least, limits: { body: 0, memory: 0, queue: 0 } }],
  ];
  for (const [what, value] of accepted) {
    it(`accepts ${what}`, () => expect(parseConfig(value)).to.include({ ok: true }));
  }

  it('makes a version of a whole number, and upgrades lower case', () => {
    const parsed = parseConfig({
      ...withCluster({ version: 2 }),
      proxy: { upgrades: ['WebSocket'] },
    });
    expect(parsed).to.have.nested.property('config.cluster.version', '2');
    expect(parsed).to.have.deep.nested.property('config.proxy.upgrades', ['websocket']);
  });

  const whole = (from: number, to?: number) =>
    `a whole number ${to === undefined ? `of at least ${from}` : `from ${from} to ${to}`}`;
  const seconds = 'seconds: a number above 0, up to 2147483';
  const dotted = 'dotted numbers in quotes, such as "1.10", or a whole number';
  const device = 'ipc://PATH (up to 107 bytes) or tcp://HOST:PORT';
  const host = 'an IP address or a hostname';

  const refused: readonly (readonly [
    value: unknown,
    path: string,
    expected: string,
    given: string,
  ])[] = [
    [null, '', 'an object', 'null'],
    ['{}', '', 'an object', '"{}"'],
    [[], '', 'an object', '[]'],
    [{}, 'cluster', 'an object', 'nothing'],
    [{ ...least, prxy: {} }, 'prxy', 'proxy', '{}'],
    [{ ...least, proxy: null }, 'proxy', 'an object', 'null'],
    [{ ...least, proxy: { port: 65_536 } }, 'proxy.port', whole(0, 65_535), '65536'],
    [{ ...least, proxy: { port: '80' } }, 'proxy.port', whole(0, 65_535), '"80"'],
    [{ ...least, proxy: { ip: '127.0.0.256' } }, 'proxy.ip', host, '"127.0.0.256"'],
    [{ ...least, proxy: { ip: '-a' } }, 'proxy.ip', host, '"-a"'],
    [{ ...least, proxy: { ip: '' } }, 'proxy.ip', host, '""'],
    [
      { ...least, proxy: { ip: 'a', hostname: 'b' } },
      'proxy.hostname',
      'ip or hostname, not both',
      '"b"',
    ],
    [
      { ...least, proxy: { trusted: { port: 1 } } },
      'proxy.trusted.ip',
      'ip or hostname',
      'nothing',
    ],
    [
      { ...least, proxy: { port: 80, trusted: { ip: '127.0.0.1', port: 80 } } },
      'proxy.trusted',
      'another address than that of proxy itself',
      '{"ip":"127.0.0.1","port":80}',
    ],
    [{ ...least, proxy: { backlog: 0 } }, 'proxy.backlog', whole(1, 65_535), '0'],
    [{ ...least, proxy: { forwarded: 'x' } }, 'proxy.forwarded', 'one of replace, append', '"x"'],
    [{ ...least, proxy: { upgrades: 'h2c' } }, 'proxy.upgrades', 'a list of protocols', '"h2c"'],
    [
      { ...least, proxy: { upgrades: ['a b'] } },
      'proxy.upgrades[0]',
      'the name of a protocol',
      '"a b"',
    ],
    [{ ...least, configService: { port: 1.5 } }, 'configService.port', whole(0, 65_535), '1.5'],
    [{ cluster: {} }, 'cluster.servers', 'a list of 1 to 256 servers', 'nothing'],
    [{ cluster: { servers: [] } }, 'cluster.servers', 'a list of 1 to 256 servers', '[]'],
    [{ cluster: { servers: [1] } }, 'cluster.servers[0]', 'an object', '1'],
    [
      { cluster: { servers: [{ ip: 'a', port: 0 }] } },
      'cluster.servers[0].port',
      whole(1, 65_535),
      '0',
    ],
    [{ cluster: { servers: [{ port: 1 }] } }, 'cluster.servers[0].ip', 'ip or hostname', 'nothing'],
    [
      { cluster: { servers: [server, { hostname: '127.0.0.1', port: 9101 }] } },
      'cluster.servers[1]',
      'each server once',
      '{"hostname":"127.0.0.1","port":9101}',
    ],
    [withCluster({ version: 1.1 }), 'cluster.version', dotted, '1.1'],
    [withCluster({ version: -1 }), 'cluster.version', dotted, '-1'],
    [withCluster({ version: '1.' }), 'cluster.version', dotted, '"1."'],
    [withCluster({ version: 'v1' }), 'cluster.version', dotted, '"v1"'],
    [withUpgrade('GRADUAL'), 'cluster.upgradeTransition', 'an object', '"GRADUAL"'],
    [
      withUpgrade({ mode: 'FAST' }),
      'cluster.upgradeTransition.mode',
      'INSTANT, SESSION, GRADUAL or CONCURRENT',
      '"FAST"',
    ],
    [
      withUpgrade({ mode: 'SESSION' }),
      'cluster.upgradeTransition.sessionTimeout',
      seconds,
      'nothing',
    ],
    [
      withUpgrade({ mode: 'GRADUAL' }),
      'cluster.upgradeTransition',
      'either percentageTransitionPerRequest or duration',
      '{"mode":"GRADUAL"}',
    ],
    [
      withUpgrade({ mode: 'GRADUAL', duration: '1d', percentageTransitionPerRequest: 1 }),
      'cluster.upgradeTransition',
      'either percentageTransitionPerRequest or duration',
      '{"mode":"GRADUAL","duration":"1d","percentageTransitionPerR…',
    ],
    [
      withUpgrade({ mode: 'GRADUAL', percentageTransitionPerRequest: 101 }),
      'cluster.upgradeTransition.percentageTransitionPerRequest',
      'a percentage above 0, up to 100',
      '101',
    ],
    [
      withUpgrade({ mode: 'GRADUAL', duration: '14 days' }),
      'cluster.upgradeTransition.duration',
      'a number with s, m, h or d, such as "14d"',
      '"14 days"',
    ],
    [
      withUpgrade({ mode: 'INSTANT', duration: '1d' }),
      'cluster.upgradeTransition.duration',
      'only mode, sessionTimeout',
      '"1d"',
    ],
    [
      { ...least, device: { frontends: ['udp://a:1'] } },
      'device.frontends[0]',
      device,
      '"udp://a:1"',
    ],
    [
      { ...least, device: { frontends: ['tcp://*:1'] } },
      'device.frontends[0]',
      device,
      '"tcp://*:1"',
    ],
    [
      { ...least, device: { frontends: ['tcp://a:0'] } },
      'device.frontends[0]',
      device,
      '"tcp://a:0"',
    ],
    [{ ...least, device: { frontends: ['ipc://'] } }, 'device.frontends[0]', device, '"ipc://"'],
    [{ ...least, device: { frontends: ['ipc://@'] } }, 'device.frontends[0]', device, '"…@"'],
    [
      { ...least, device: { frontends: [`ipc://${'ü'.repeat(54)}`] } },
      'device.frontends[0]',
      device,
      `"ipc://${'ü'.repeat(52)}…`,
    ],
    [
      { ...least, device: { frontends: ['ipc://a', 'ipc://a'] } },
      'device.frontends[1]',
      'each address once',
      '"ipc://a"',
    ],
    [
      { ...least, device: { heartbeat: 3 } },
      'device.silence',
      'at least twice device.heartbeat',
      'nothing',
    ],
    [
      { ...least, device: { window: 0 } },
      'device.window',
      'bytes: a whole number of at least 1',
      '0',
    ],
    [{ ...least, workers: { count: 65 } }, 'workers.count', whole(1, 64), '65'],
    [{ ...least, frontends: { count: 0 } }, 'frontends.count', whole(1, 16), '0'],
    [
      { ...least, device: { frontends: ['ipc://a'] }, frontends: { count: 2 } },
      'frontends.count',
      'no more than there are addresses in device.frontends',
      '2',
    ],
    [{ ...least, timeouts: { head: 0 } }, 'timeouts.head', seconds, '0'],
    [{ ...least, timeouts: { tunnel: 2_147_484 } }, 'timeouts.tunnel', seconds, '2147484'],
    [{ ...least, timeouts: { drain: '30s' } }, 'timeouts.drain', seconds, '"30s"'],
    [{ ...least, limits: { fields: 0 } }, 'limits.fields', whole(1), '0'],
    [
      { ...least, limits: { body: -1 } },
      'limits.body',
      'bytes: a whole number of at least 0',
      '-1',
    ],
    [{ ...least, limits: { connections: null } }, 'limits.connections', whole(1), 'null'],
    [{ ...least, limits: { spool: '' } }, 'limits.spool', 'the path of a folder', '""'],
    [
      { ...least, log: { level: 'verbose' } },
      'log.level',
      'one of trace, debug, info, warn, error, fatal, silent',
      '"verbose"',
    ],
  ];
  for (const [value, path, expected, given] of refused) {
    it(`refuses ${path === '' ? 'the whole' : path} that is ${given}`, () => {
      const parsed = parseConfig(value);
      if (parsed.ok) throw new Error('a problem was expected');
      const [problem, ...others] = parsed.problems;
      expect(problem).to.include({ path, expected, given });
      expect(others).to.deep.equal([]);
    });
  }

  it('reports all problems at once, also rules over several options', () => {
    const parsed = parseConfig({
      'a b': 1,
      proxy: { prt: 80, ip: 'a', hostname: 'b', port: -1 },
      cluster: { servers: [{ port: 'x' }, { port: 'x' }], version: 1.1 },
      device: { heartbeat: 4, silence: 5, window: 'x' },
    });
    if (parsed.ok) throw new Error('problems were expected');
    expect(parsed.problems.map(({ message }) => message)).to.have.members([
      '["a b"]: unknown option; known are $schema, proxy, configService, cluster, device, place, security, registry, session, rescue, comparison, monitor, docker, workers, frontends, timeouts, limits, log, accessLog, telemetry',
      'proxy.prt: unknown option; is port meant?',
      'proxy.port: expected a whole number from 0 to 65535, given -1',
      'proxy.hostname: expected ip or hostname, not both, given "b"',
      'cluster.servers[0].port: expected a whole number from 1 to 65535, given "x"',
      'cluster.servers[0].ip: expected ip or hostname, given nothing',
      'cluster.servers[1].port: expected a whole number from 1 to 65535, given "x"',
      'cluster.servers[1].ip: expected ip or hostname, given nothing',
      `cluster.version: expected ${dotted}, given 1.1`,
      'device.silence: expected at least twice device.heartbeat, given 5',
      'device.window: expected bytes: a whole number of at least 1, given "x"',
    ]);
  });

  it('is not fooled by names that every object has', () => {
    const parsed = parseConfig(
      JSON.parse('{"__proto__":1,"cluster":{"servers":[{"ip":"a","port":1,"toString":2}]}}'),
    );
    if (parsed.ok) throw new Error('problems were expected');
    expect(parsed.problems.map(({ path }) => path)).to.have.members([
      '__proto__',
      'cluster.servers[0].toString',
    ]);
  });

  it('refuses to serve itself', () => {
    const servers = [
      { ip: '127.0.0.1', port: 9101 },
      { ip: '127.0.0.1', port: 8080 },
    ];
    for (const proxy of [{}, { port: 80, trusted: { ip: '127.0.0.1', port: 9101 } }]) {
      const parsed = parseConfig({ proxy, cluster: { servers } });
      if (parsed.ok) throw new Error('a problem was expected');
      expect(parsed.problems.map(({ path }) => path)).to.deep.equal(['cluster.servers']);
    }
  });
});
