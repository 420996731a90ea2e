/** Fuzzes one reader in a process of its own, as `fuzz.test` starts it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { fuzzed } from '../support/fuzzer.js';
import { targets } from '../unit/http/fuzz-targets.js';

/** dist/test/hostile → test/hostile. */
const folder = fileURLToPath(new URL('../../../test/hostile/inputs/', import.meta.url));

const [name = '', seed, ms, how] = argv.slice(2);
const target = targets[name];
if (target === undefined) throw new Error(`${name} is none of ${Object.keys(targets).join(', ')}`);

const file = `${folder}${name.replaceAll(/\W+/g, '-')}.txt`;
const before = linesOf().map(line => Buffer.from(line, 'base64'));
const { runs, reached, kept } = fuzzed({
  ...target,
  begin: [...target.begin, ...before],
  seed: Number(seed),
  runs: Infinity,
  until: performance.now() + Number(ms),
  guided: how === 'guided',
});
if (env['CUTOVER_FUZZ_KEEP'] === '1') keep([...before, ...kept]);
console.log(`${runs} inputs, ${reached} characters of code, ${kept.length} kept`);

function linesOf(): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

/** What was kept before stays: it may be there for what it once broke, and not for where it leads. */
function keep(all: readonly Buffer[]): void {
  mkdirSync(folder, { recursive: true });
  const lines = new Set(all.map(bytes => bytes.toString('base64')));
  writeFileSync(file, [...lines].map(line => `${line}\n`).join(''));
}
