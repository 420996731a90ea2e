import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openFileRegistry } from '../../../src/registry/file.js';

const program = fileURLToPath(new URL('saving-child.js', import.meta.url));
const ROUNDS = 10;

/** What it has printed as saved last when it is killed, some time after the first save. */
async function lastSaved(file: string, ms: number): Promise<number> {
  const child = spawn(process.execPath, [program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'close');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await Promise.race([once(child.stdout, 'data'), exited]);
  await wait(ms);
  child.kill('SIGKILL');
  expect(await exited).to.deep.equal([null, 'SIGKILL']);
  return Number(output.trimEnd().split('\n').at(-1));
}

describe('a process that is killed while it saves', () => {
  it('leaves what it said was saved, or the one after that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-'));
    const file = join(folder, 'registry.json');
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const said = await lastSaved(file, Math.random() * 40);
        const registry = await openFileRegistry(file);
        const loaded = await registry.load();
        await registry.close();
        if (loaded.kind !== 'found') throw new Error(`round ${round}: ${JSON.stringify(loaded)}`);
        expect(loaded.stored.table.edition - said, `round ${round}`).to.be.oneOf([0, 1]);
      }
      const names = await readdir(folder);
      expect(names.length, names.join()).to.be.at.most(4); // it, the one before, and two begun
    } finally {
      await rm(folder, { recursive: true });
    }
  }).timeout(60_000);
});
