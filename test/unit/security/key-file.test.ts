import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { KeyFileError, readKeyFile, writeKeyFile } from '../../../src/security/key-file.js';
import { newKeyPair } from '../../../src/security/key-pair.js';
import { stageForEach } from '../../support/stage.js';
import { within } from '../../support/within.js';

describe('key files', () => {
  const stage = stageForEach();
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await stage.folder();
    path = join(folder, 'key');
  });

  const faultOf = async (promise: Promise<unknown>): Promise<string> => {
    const cause: unknown = await within(5000, 'an answer', promise).then(
      () => undefined,
      (each: unknown) => each,
    );
    expect(cause).to.be.instanceOf(KeyFileError);
    return (cause as Error).message;
  };

  it('are written for their owner alone, whatever the umask is', async () => {
    const before = process.umask(0);
    try {
      const publicKey = await writeKeyFile(path);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect((await readKeyFile(path)).publicKey).to.equal(publicKey);
    } finally {
      process.umask(before);
    }
  });

  it('are never overwritten, not even by way of a link', async () => {
    await writeFile(path, 'mine');
    await symlink(join(folder, 'elsewhere'), join(folder, 'link'));
    expect(await faultOf(writeKeyFile(path))).to.include('there is a file already');
    expect(await faultOf(writeKeyFile(join(folder, 'link')))).to.include('there is a file already');
    expect(await readFile(path, 'utf8')).to.equal('mine');
  });

  for (const mode of [0o640, 0o604, 0o660, 0o601, 0o644, 0o666]) {
    it(`are refused with mode ${mode.toString(8)}`, async () => {
      await writeKeyFile(path);
      await chmod(path, mode);
      const because = await faultOf(readKeyFile(path));
      expect(because)
        .to.include(`mode ${mode.toString(8)}`)
        .and.include('chmod 600');
    });
  }

  it('are read with modes that are stricter still', async () => {
    await writeKeyFile(path);
    await chmod(path, 0o400);
    expect(await readKeyFile(path)).to.have.keys('publicKey', 'secretKey');
  });

  it('are refused by the mode of what a link points to', async () => {
    await writeKeyFile(path);
    await chmod(path, 0o644);
    await symlink(path, join(folder, 'link'));
    expect(await faultOf(readKeyFile(join(folder, 'link')))).to.include('mode 644');
  });

  it('say why they cannot be had', async () => {
    expect(await faultOf(readKeyFile(path))).to.equal('cannot be read: no such file or folder');
    expect(await faultOf(readKeyFile(join(path, 'x')))).to.include('no such file');
    expect(await faultOf(writeKeyFile(join(path, 'x')))).to.include('cannot be written: no such');
    await mkdir(path);
    expect(await faultOf(readKeyFile(path))).to.equal('is no plain file');
  });

  it('are no pipes: nobody waits for the other end', async () => {
    execFileSync('mkfifo', ['-m', '600', path]);
    expect(await faultOf(readKeyFile(path))).to.equal('is no plain file');
  });

  describe('that are damaged are refused, and nothing of them is shown', () => {
    const { publicKey, secretKey } = newKeyPair();
    const other = newKeyPair();
    const contents: Readonly<Record<string, string>> = {
      nothing: '',
      'half of it': JSON.stringify({ publicKey, secretKey }).slice(0, -20),
      'the secret key alone': secretKey,
      'a secret key without quotes': `{"secretKey": ${secretKey}}`,
      null: 'null',
      'a list': JSON.stringify([publicKey, secretKey]),
      'no public key': JSON.stringify({ secretKey }),
      'keys that are numbers': '{"publicKey":1,"secretKey":2}',
      'keys of two pairs': JSON.stringify({ publicKey: other.publicKey, secretKey }),
      'keys in the wrong places': JSON.stringify({ publicKey: secretKey, secretKey: publicKey }),
      'far too much': `${JSON.stringify({ publicKey, secretKey })}${' '.repeat(5000)}`,
    };
    for (const [what, content] of Object.entries(contents)) {
      it(what, async () => {
        await writeFile(path, content, { mode: 0o600 });
        const cause = await readKeyFile(path).catch((each: unknown) => each);
        expect(cause).to.be.instanceOf(KeyFileError);
        const { message, stack, cause: deeper } = cause as Error;
        expect(message).to.include('no key file as `cutover keygen` writes it');
        expect([message, stack, String(deeper)].join('\n')).not.to.include(secretKey.slice(0, 8));
      });
    }
  });
});
