import { expect } from 'chai';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openNameless, openUnlinked } from '../../../src/frontend/nameless-file.js';
import { systemCodeOf } from '../../../src/kernel/errors.js';
import { stageForEach } from '../../support/stage.js';

describe('A file without a name', () => {
  const stage = stageForEach();

  for (const [way, openIn] of Object.entries({ openNameless, openUnlinked })) {
    it(`is written, read back and not to be seen in its folder: ${way}`, async () => {
      const folder = await stage.folder();
      const handle = await openIn(folder);
      await handle.write('kept');
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(9), 0, 9, 0);
      expect(buffer.subarray(0, bytesRead).toString()).to.equal('kept');
      expect((await handle.stat()).mode & 0o777).to.equal(0o600);
      expect(await readdir(folder)).to.deep.equal([]);
      await handle.close();
    });

    it(`tells why there is none: ${way}`, async () => {
      const folder = await stage.folder();
      const codeIn = (where: string): Promise<unknown> => openIn(where).catch(systemCodeOf);
      expect(await codeIn(join(folder, 'missing'))).to.equal('ENOENT');
      await writeFile(join(folder, 'file'), '');
      expect(await codeIn(join(folder, 'file'))).to.equal('ENOTDIR');
    });
  }
});
