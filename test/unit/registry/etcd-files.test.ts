import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fileProblems } from '../../../src/registry/etcd-files.js';

describe('files that etcd wants', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cutover-test-'));
  });
  after(() => rm(folder, { recursive: true }));

  const messages = async (about: Parameters<typeof fileProblems>[0]) =>
    (await fileProblems(about)).map(({ message }) => message);

  it('are no problem where there are none', async () => {
    expect(await messages({})).to.deep.equal([]);
  });

  it('are no problem where they can be read', async () => {
    const file = join(folder, 'any');
    await writeFile(file, 'something\n');
    const tls = { ca: file, cert: file, key: file };
    expect(await messages({ passwordFile: file, tls })).to.deep.equal([]);
  });

  it('are each named where they cannot be read', async () => {
    const none = join(folder, 'none');
    const found = await messages({
      passwordFile: none,
      tls: { ca: none, cert: folder, key: none },
    });
    expect(found).to.deep.equal([
      `registry.passwordFile: ${none} cannot be used: no such file`,
      `registry.tls.ca: ${none} cannot be used: no such file`,
      `registry.tls.cert: ${folder} cannot be used: a directory`,
      `registry.tls.key: ${none} cannot be used: no such file`,
    ]);
  });

  it('must hold a password', async () => {
    const file = join(folder, 'empty');
    await writeFile(file, '\n');
    expect(await messages({ passwordFile: file })).to.deep.equal([
      `registry.passwordFile: ${file} cannot be used: it is empty`,
    ]);
  });
});
