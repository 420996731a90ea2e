import { expect } from 'chai';
import { isBeyondLoopback } from '../../../src/config/address.js';
import { parseConfig } from '../../../src/config/config.js';
import { newKeyPair } from '../../../src/security/key-pair.js';

const { publicKey } = newKeyPair();

const withSections = (sections: Readonly<Record<string, unknown>>) => ({
  cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] },
  ...sections,
});

const pathsOf = (sections: Readonly<Record<string, unknown>>): readonly string[] => {
  const parsed = parseConfig(withSections(sections));
  return parsed.ok ? [] : parsed.problems.map(({ path }) => path);
};

describe('isBeyondLoopback', () => {
  const rows: readonly (readonly [address: string, isBeyond: boolean])[] = [
    ['ipc:///run/tcp://10.0.0.1:1', false],
    ['tcp://127.0.0.1:1', false],
    ['tcp://127.255.0.9:1', false],
    ['tcp://[::1]:1', false],
    ['tcp://localhost:1', false],
    ['tcp://LocalHost:1', false],
    ['tcp://0.0.0.0:1', true],
    ['tcp://[::]:1', true],
    ['tcp://10.0.0.1:1', true],
    ['tcp://128.0.0.1:1', true],
    ['tcp://[::ffff:10.0.0.1]:1', true],
    ['tcp://[fe80::1%eth0]:1', true],
    ['tcp://127.example.org:1', true],
    ['tcp://localhost.example.org:1', true],
    ['tcp://frontend-1:1', true],
    ['tcp://eth0:1', true],
  ];
  for (const [address, isBeyond] of rows) {
    it(`says ${isBeyond ? 'yes' : 'no'} of ${address}`, () => {
      expect(isBeyondLoopback(address)).to.equal(isBeyond);
    });
  }
});

describe('the rule for links', () => {
  const beyond = 'tcp://10.0.0.1:9100';

  it('names each address that nothing protects', () => {
    const device = { frontends: ['tcp://127.0.0.1:1', beyond, 'ipc://a', 'tcp://[::]:2'] };
    expect(pathsOf({ device: { ...device, control: 'tcp://0.0.0.0:3' } })).to.deep.equal([
      'device.frontends[1]',
      'device.frontends[3]',
      'device.control',
    ]);
  });

  it('says what is missing', () => {
    const parsed = parseConfig(withSections({ device: { control: beyond } }));
    expect(parsed)
      .to.have.deep.nested.property('problems[0].message')
      .that.equals(
        'device.control: expected an address of this machine alone, security.key, or ' +
          '"insecure": true in security, given "tcp://10.0.0.1:9100"',
      );
  });

  it('is told beside other problems', () => {
    const paths = pathsOf({ proxy: { port: -1 }, device: { frontends: ['x', beyond], window: 0 } });
    expect(paths).to.have.members([
      'proxy.port',
      'device.frontends[0]',
      'device.frontends[1]',
      'device.window',
    ]);
  });

  for (const security of [{ key: 'file' }, { insecure: true }]) {
    it(`is content with ${JSON.stringify(security)}`, () => {
      const device = { frontends: [beyond], control: 'tcp://0.0.0.0:3' };
      expect(pathsOf({ device, security })).to.deep.equal([]);
    });
  }
});

describe('the section of security', () => {
  const rows: readonly (readonly [security: unknown, ...paths: readonly string[]])[] = [
    [{}],
    [{ key: 'file', frontends: [publicKey], workers: [publicKey], control: [publicKey] }],
    ['file', 'security'],
    [{ key: '' }, 'security.key'],
    [{ key: 'file', insecure: true }, 'security.insecure'],
    [{ insecure: 'yes' }, 'security.insecure'],
    [{ workers: [publicKey] }, 'security.workers'],
    [
      { frontends: [publicKey], workers: [publicKey], control: [publicKey] },
      'security.frontends',
      'security.workers',
      'security.control',
    ],
    [{ key: 'file', workers: [] }, 'security.workers'],
    [{ key: 'file', workers: publicKey }, 'security.workers'],
    [{ key: 'file', workers: [publicKey, publicKey] }, 'security.workers[1]'],
    [{ key: 'file', workers: [publicKey.slice(1)] }, 'security.workers[0]'],
    [{ key: 'file', workers: [`${publicKey.slice(1)}~`] }, 'security.workers[0]'],
    [{ key: 'file', peers: [publicKey] }, 'security.peers'],
  ];
  const title = (security: unknown) =>
    JSON.stringify(security).replaceAll(publicKey, 'KEY').replaceAll(publicKey.slice(1), 'KE');
  for (const [security, ...paths] of rows) {
    it(`with ${title(security)}: ${paths.join(', ') || 'no problem'}`, () => {
      expect(pathsOf({ security })).to.have.members(paths);
    });
  }
});

/** Problems are printed, logged and sent in mails. */
describe('problems of a configuration', () => {
  const MARK = 'MARKED-5eCr3t';
  const token = `${MARK}-0123456789abcdef`;
  const places: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'a token with a blank': { configService: { token: `${token} ` } },
    'a token in a list': { configService: { token: [token] } },
    'a token under a wrong name': { configService: { tokn: token } },
    'a token in place of its section': { configService: token },
    'a section that is a list': { configService: [{ token }] },
    'a token in another section': { proxy: { token } },
    'a token beside the sections': { token },
    'a section under a wrong name': { configServce: { token } },
    'a section in the wrong place': { proxy: { configService: { token } } },
    'a key that is too short': { session: { keys: [MARK] } },
    'a key that is no list': { session: { keys: token } },
    'a key under a wrong name': { session: { key: token } },
    'keys in place of their section': { session: [token] },
    'the keys of a file': { security: { key: { secretKey: token } } },
    'a secret key under its own name': { security: { secretKey: token } },
    'a secret key in a list': { security: { key: 'file', workers: [token] } },
    'a password in an address': { device: { frontends: [`tcp://user:${MARK}@10.0.0.1:1`] } },
    'a password in an address of control': { device: { control: `tcp://user:${MARK}@10.0.0.1:1` } },
    'a password in a host': { proxy: { ip: `user:${MARK}@host` } },
    'a password in the host of a server': {
      cluster: { servers: [{ ip: `http://user:${MARK}@host`, port: 1 }] },
    },
  };
  for (const [what, sections] of Object.entries(places)) {
    it(`show nothing of ${what}`, () => {
      const parsed = parseConfig(withSections(sections));
      expect(parsed.ok).to.equal(false);
      expect(JSON.stringify(parsed)).not.to.include(MARK);
    });
  }
});
