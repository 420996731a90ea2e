/**
 * Coverage-guided fuzzing of every reader of what strangers send. `CUTOVER_FUZZ_SECONDS`: for all of them
 * together, default 24; `CUTOVER_SEED`: another way to go; `CUTOVER_FUZZ_KEEP=1`: what led further is added to
 * test/hostile/inputs, which every run of the tests judges again.
 */
import { expect } from 'chai';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fuzzed } from '../support/fuzzer.js';
import { targets } from '../unit/http/fuzz-targets.js';

const SECONDS = Number(process.env['CUTOVER_FUZZ_SECONDS'] ?? 24);
const SEED = Number(process.env['CUTOVER_SEED'] ?? Date.now() % 2 ** 31);

/** dist/test/hostile → test/hostile. */
const folder = fileURLToPath(new URL('../../../test/hostile/inputs/', import.meta.url));

const share = (SECONDS * 1000) / Object.keys(targets).length;

describe(`hostile: fuzzing (CUTOVER_SEED=${SEED} CUTOVER_FUZZ_SECONDS=${SECONDS})`, function () {
  this.timeout(2 * SECONDS * 1000 + 60_000);

  for (const [name, target] of Object.entries(targets)) {
    it(`${name}: whatever comes is read or refused in order, the same however it is cut`, () => {
      const file = `${folder}${name.replaceAll(/\W+/g, '-')}.txt`;
      const before = linesOf(file).map(line => Buffer.from(line, 'base64'));
      const { runs, reached, kept } = fuzzed({
        ...target,
        begin: [...target.begin, ...before],
        seed: SEED,
        runs: Infinity,
        until: performance.now() + share,
      });
      console.log(`      ${runs} inputs, ${reached} characters of code, ${kept.length} kept`);
      expect(runs).to.be.greaterThan(target.begin.length);
      if (process.env['CUTOVER_FUZZ_KEEP'] === '1') keep(file, [...before, ...kept]);
    });
  }
});

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** What was kept before stays: it may be there for what it once broke, and not for where it leads. */
function keep(file: string, kept: readonly Buffer[]): void {
  mkdirSync(folder, { recursive: true });
  const lines = new Set(kept.map(bytes => bytes.toString('base64')));
  writeFileSync(file, [...lines].map(line => `${line}\n`).join(''));
}
