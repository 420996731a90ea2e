import { expect } from 'chai';
import { parseConfig } from '../../../src/config/config.js';

type Section = Readonly<Record<string, unknown>>;

const parse = (registry: Section, more: Section = {}) =>
  parseConfig({ cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] }, registry, ...more });

const problems = (registry: Section, more: Section = {}): readonly string[] => {
  const parsed = parse(registry, more);
  return parsed.ok ? [] : parsed.problems.map(({ message }) => message);
};

const etcd = (more: Section = {}): Section => ({
  kind: 'etcd',
  endpoints: ['https://etcd-1.internal:2379'],
  ...more,
});

describe('the section registry', () => {
  it('is a file if nothing is said', () => {
    const parsed = parse({});
    expect(parsed.ok && parsed.config.registry).to.deep.equal({ kind: 'file' });
  });

  for (const [what, registry] of Object.entries({
    'https anywhere': etcd(),
    'http on this machine': etcd({
      endpoints: ['http://127.0.0.1:2379', 'http://localhost:1', 'http://[::1]:2'],
    }),
    'http elsewhere, if that is said': etcd({
      endpoints: ['http://10.0.0.1:2379'],
      insecure: true,
    }),
    'a user with a password in a file': etcd({ user: 'cutover', passwordFile: '/run/password' }),
    certificates: etcd({ tls: { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } }),
    'a prefix': etcd({ prefix: '/shop/cutover/' }),
  })) {
    it(`takes ${what}`, () => {
      expect(problems(registry)).to.deep.equal([]);
    });
  }

  for (const [what, registry, ...expected] of [
    [
      'etcd without members',
      { kind: 'etcd' },
      'registry.endpoints: expected a list of 1 to 16 addresses, such as "https://etcd-1.internal:2379", given nothing',
    ],
    [
      'http beyond loopback',
      etcd({ endpoints: ['http://127.0.0.1:1', 'http://10.0.0.1:2379'] }),
      'registry.endpoints[1]: expected https://, an address of this machine alone, or "insecure": true in registry, given "http://10.0.0.1:2379"',
    ],
    [
      'https beside http',
      etcd({ endpoints: ['https://a:1', 'http://127.0.0.1:1'] }),
      'registry.endpoints[1]: expected https:// everywhere, or http:// everywhere, given "http://127.0.0.1:1"',
    ],
    [
      'what is no address',
      etcd({ endpoints: ['etcd-1:2379', 'https://a:0', 'https://a:1/path'] }),
      'registry.endpoints[0]: expected https://HOST:PORT or http://HOST:PORT, given "etcd-1:2379"',
      'registry.endpoints[1]: expected https://HOST:PORT or http://HOST:PORT, given "https://a:0"',
      'registry.endpoints[2]: expected https://HOST:PORT or http://HOST:PORT, given "https://a:1/path"',
    ],
    [
      'half a user, and half a certificate',
      etcd({ user: 'cutover', tls: { cert: 'cert.pem' } }),
      'registry.tls.key: expected registry.tls.key beside cert, given nothing',
      'registry.passwordFile: expected registry.passwordFile beside user, given nothing',
    ],
    [
      'certificates for http',
      etcd({ endpoints: ['http://127.0.0.1:1'], tls: {} }),
      'registry.tls: expected https:// addresses in registry.endpoints beside it, given {}',
    ],
    [
      'a file beside etcd',
      etcd({ file: '/var/lib/registry.json' }),
      'registry.file: expected nothing: the registry is in etcd, given "/var/lib/registry.json"',
    ],
    [
      'members of etcd beside a file',
      { endpoints: ['https://a:1'], prefix: '/a/' },
      'registry.endpoints: expected "kind": "etcd" in registry beside it, given ["https://a:1"]',
      'registry.prefix: expected "kind": "etcd" in registry beside it, given "/a/"',
    ],
    [
      'a prefix that is no folder',
      etcd({ prefix: '/cutover' }),
      'registry.prefix: expected a path that begins and ends with /, of at most 256 visible characters, given "/cutover"',
    ],
    [
      'a password, which is not shown',
      etcd({ user: 'cutover', password: 'secret' }),
      'registry.passwordFile: expected registry.passwordFile beside user, given nothing',
      'registry.password: unknown option; known are kind, file, endpoints, prefix, user, passwordFile, tls, insecure',
    ],
  ] as readonly [string, Section, ...string[]][]) {
    it(`refuses ${what}`, () => {
      expect(problems(registry)).to.have.members(expected);
    });
  }

  it('refuses containers beside etcd: they belong to one control', () => {
    expect(problems(etcd(), { docker: { socket: '/var/run/docker.sock' } })).to.deep.equal([
      'docker.socket: expected nothing beside "kind": "etcd" in registry: containers belong to one control, given "/var/run/docker.sock"',
    ]);
  });
});
