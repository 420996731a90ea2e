/** `npm run soak`: hours of change under moderate load. The options are in `options.ts`. */
import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/kernel/errors.js';
import { machine } from '../system/machine.js';
import { faultsOf } from './judged.js';
import { soakOptionsFrom, usage, type SoakOptions } from './options.js';
import { timingOf } from './plan.js';
import { soakPage, soakText } from './report.js';
import type { Soaked } from './results.js';
import { soaked } from './soak.js';

const RESULTS = join('bench', 'results');

function tell(line: string): void {
  console.log(line);
}

/** Undefined: there is nothing to run, and the user was told why. */
function asked(): SoakOptions | undefined {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    tell(usage);
    return undefined;
  }
  try {
    return soakOptionsFrom(args, randomInt(2 ** 32));
  } catch (cause) {
    tell(messageOf(cause));
    process.exitCode = 2;
    return undefined;
  }
}

/** Ctrl-C, or whoever ends us: what is known until then is told. A second one ends at once. */
function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      tell('\nending …');
      controller.abort();
    });
  }
  return controller.signal;
}

async function run(options: SoakOptions): Promise<Soaked> {
  const began = new Date().toISOString();
  const timing = timingOf(options.during);
  const folder = await mkdtemp(join(tmpdir(), 'cutover-soak-'));
  tell(`${options.during / 60_000} min, ${options.rate} requests/s, seed ${options.seed}`);
  try {
    const seen = await soaked({ options, timing, folder, signal: interrupted(), tell });
    const command = ['npm run soak --', ...process.argv.slice(2)].join(' ');
    return { began, command, machine: machine(), options, timing, ...seen };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keep(result: Soaked): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const file = join(RESULTS, `soak-${result.began.replaceAll(/[:.]/g, '-')}`);
  await writeFile(`${file}.json`, `${JSON.stringify(result)}\n`);
  await writeFile(`${file}.html`, soakPage(result));
  return file;
}

async function main(): Promise<void> {
  const options = asked();
  if (options === undefined) return;
  const result = await run(options);
  tell(`\n${soakText(result)}\n\nkept as ${await keep(result)}.json and .html`);
  const isWell = faultsOf(result).length === 0;
  if (!isWell) tell(`again in the same order: npm run soak -- --seed ${options.seed}`);
  process.exitCode = isWell ? 0 : 1;
}

await main();
