/** `npm run scale`: control with up to a thousand simulated workers. The options are in `options.ts`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../src/kernel/errors.js';
import { machineLine } from '../figures/html-report.js';
import { machine } from '../system/machine.js';
import { endWithUs } from '../system/program.js';
import { measured } from './measuring.js';
import { scaleOptionsFrom, usage, type ScaleOptions } from './options.js';
import { faultsOf, scaleText } from './report.js';
import type { Measured, Scaled } from './results.js';

const RESULTS = join('bench', 'results');

function tell(line: string): void {
  console.log(line);
}

/** Undefined: there is nothing to run, and the user was told why. */
function asked(): ScaleOptions | undefined {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    tell(usage);
    return undefined;
  }
  try {
    return scaleOptionsFrom(args);
  } catch (cause) {
    tell(messageOf(cause));
    process.exitCode = 2;
    return undefined;
  }
}

async function one(workers: number, options: ScaleOptions): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-scale-'));
  tell(`${workers} workers`);
  try {
    return await measured({ ...options, workers, folder, tell });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function keep(result: Scaled): Promise<string> {
  await mkdir(RESULTS, { recursive: true });
  const file = join(RESULTS, `scale-${result.began.replaceAll(/[:.]/g, '-')}.json`);
  await writeFile(file, `${JSON.stringify(result)}\n`);
  return file;
}

async function main(): Promise<void> {
  const options = asked();
  if (options === undefined) return;
  endWithUs();
  const began = new Date().toISOString();
  const command = ['npm run scale --', ...process.argv.slice(2)].join(' ');
  tell(machineLine(machine()));
  const all: Measured[] = [];
  for (const workers of options.workers) all.push(await one(workers, options));
  const result = { began, command, machine: machine(), options, measured: all };
  tell(`\n${scaleText(all)}\n\nkept as ${await keep(result)}`);
  process.exitCode = all.some(each => faultsOf(each).length > 0) ? 1 : 0;
}

await main();
