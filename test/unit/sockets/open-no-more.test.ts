import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { itWith } from '../../support/tools.js';

const module = new URL('../../../src/sockets/open-no-more.js', import.meta.url).href;

/** What a process of its own writes: the limit would stay with that of the tests. */
async function told(script: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const args = [
    '--input-type=module',
    '--eval',
    `import { openNoMore } from '${module}';${script}`,
  ];
  return (await promisify(execFile)(process.execPath, args, { env })).stdout.trim();
}

describe('openNoMore', () => {
  itWith('prlimit', 'leaves open what is open, and lets nothing else be opened', async () => {
    const script = `
      import { openSync, readSync } from 'node:fs';
      const before = openSync('/dev/zero');
      const isDone = await openNoMore();
      let after = 'opened';
      try { openSync('/dev/zero'); } catch ({ code }) { after = code; }
      console.log(isDone, readSync(before, Buffer.alloc(8)), after);`;
    expect(await told(script)).to.equal('true 8 EMFILE');
  });

  it('changes nothing where there is no prlimit', async () => {
    const script = `
      import { openSync } from 'node:fs';
      console.log(await openNoMore(), openSync('/dev/zero') > 2);`;
    expect(await told(script, { PATH: '/nowhere' })).to.equal('false true');
  });
});
