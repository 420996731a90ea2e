import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeKeyFile } from '../../../src/security/key-file.js';
import { newKeyPair } from '../../../src/security/key-pair.js';
import { keyringOf, openKeyring } from '../../../src/security/keyring.js';
import { stageForEach } from '../../support/stage.js';

describe('keyringOf', () => {
  const own = newKeyPair();
  const [a, b, c, d] = [newKeyPair(), newKeyPair(), newKeyPair(), newKeyPair()].map(
    ({ publicKey }) => publicKey,
  ) as [string, string, string, string];

  it('believes our own key alone where one file serves all', () => {
    const credentials = { own, believed: [own.publicKey] };
    expect(keyringOf(own, { insecure: false })).to.deep.equal({
      toWorkers: credentials,
      toFrontends: credentials,
      toFollowers: credentials,
      toControl: credentials,
    });
  });

  it('believes of each role the keys that are named for it, and no others', () => {
    const keyring = keyringOf(own, {
      insecure: false,
      frontends: [a, b],
      workers: [b, c],
      control: [d],
    });
    expect(keyring.toWorkers.believed).to.deep.equal([b, c]);
    expect(keyring.toFrontends.believed).to.deep.equal([a, b]);
    expect(keyring.toFollowers.believed).to.deep.equal([b, c, a]);
    expect(keyring.toControl.believed).to.deep.equal([d]);
  });
});

describe('openKeyring', () => {
  const stage = stageForEach();

  it('opens none where no file is named', async () => {
    const opened = await openKeyring({ security: { insecure: false } });
    expect(opened).to.deep.equal({ ok: true, keyring: undefined });
  });

  it('tells of a file that others can read as of a problem of the configuration', async () => {
    const key = join(await stage.folder(), 'key');
    await writeKeyFile(key);
    const security = { key, insecure: false };
    expect(await openKeyring({ security })).to.have.nested.property('keyring.toControl.own');
    await chmod(key, 0o640);
    const opened = await openKeyring({ security });
    expect(opened).to.have.nested.include({
      ok: false,
      'problem.path': 'security.key',
      'problem.given': JSON.stringify(key),
    });
    expect(opened).to.have.nested.property('problem.message').that.includes('mode 640');
  });
});
