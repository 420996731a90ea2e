import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { descendantsOf, isAlive } from '../support/process-facts.js';
import { CutoverProcess } from '../support/processes.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

const program = fileURLToPath(new URL('../../bench/soak/main.js', import.meta.url));

describe('faults: the soak', () => {
  const stage = stageForEach();

  it('ends when it is told to, tells what it has seen, and leaves no process behind', async () => {
    const folder = await stage.folder();
    const shell = 'cd "$0" && exec "$@"'; // its results are kept where it runs
    const soak = new CutoverProcess(stage, ['--hours', '1', '--seed', '1'], {
      env: { TMPDIR: folder },
      command: ['bash', '-c', shell, folder, process.execPath, program],
    });
    await soak.printed('under load');
    const processes = await descendantsOf(soak.pid);
    expect(processes, 'supervisor, control, a frontend and two workers').to.have.lengthOf(5);
    soak.signal('SIGINT');
    await soak.printed('requests sent', 30_000);
    await soak.ended();
    expect(soak.errors).to.equal('');
    const kept = await readdir(join(folder, 'bench/results'));
    expect(kept.map(name => name.split('.').at(-1))).to.have.members(['html', 'json']);
    await eventually('all have ended', async () =>
      (await Promise.all(processes.map(isAlive))).every(alive => !alive),
    );
    expect(await readdir(folder), 'nothing else is left').to.deep.equal(['bench']);
  });
});
