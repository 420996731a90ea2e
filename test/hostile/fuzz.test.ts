/**
 * Coverage-guided fuzzing of every reader of what strangers send. `CUTOVER_FUZZ_SECONDS`: for all of them
 * together, default 12; `CUTOVER_SEED`: another way to go; `CUTOVER_FUZZ_KEEP=1`: what led further is added to
 * test/hostile/inputs, which every run of the tests judges again.
 */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { targets } from '../unit/http/fuzz-targets.js';

const SECONDS = Number(process.env['CUTOVER_FUZZ_SECONDS'] ?? 12);
const SEED = Number(process.env['CUTOVER_SEED'] ?? 1);

const program = fileURLToPath(new URL('fuzzing.js', import.meta.url));
const each = (SECONDS * 1000) / Object.keys(targets).length;

const fuzzing = (name: string, how: 'guided' | 'unguided') =>
  spawnSync(process.execPath, [program, name, String(SEED), String(each), how], {
    encoding: 'utf8',
    timeout: 2 * each + 60_000,
  });

describe(`hostile: fuzzing (CUTOVER_SEED=${SEED} CUTOVER_FUZZ_SECONDS=${SECONDS})`, function () {
  this.timeout(4 * SECONDS * 1000 + 120_000);

  for (const name of Object.keys(targets)) {
    it(`${name}: whatever comes is read or refused in order, the same however it is cut`, () => {
      let { status, signal, stdout, stderr } = fuzzing(name, 'guided');
      if (signal === 'SIGSEGV') {
        // V8's profiler, not our code: the guidance is a help, and not what is tested.
        console.log('      the profiler fell over: once more without guidance');
        ({ status, signal, stdout, stderr } = fuzzing(name, 'unguided'));
      }
      expect({ status, signal, stderr }).to.deep.equal({ status: 0, signal: null, stderr: '' });
      expect(stdout).to.match(/^\d+ inputs/);
      console.log(`      ${stdout.trim()}`);
    });
  }
});
