/** `npm run bench`: everything in one run, side by side. The options are in `options.ts`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../src/kernel/errors.js';
import { judged, verdictTable } from './figures/goals.js';
import { htmlReport } from './figures/html-report.js';
import { markdownReport } from './figures/markdown-report.js';
import type { Results } from './figures/results.js';
import { workloadTable } from './figures/text-table.js';
import { optionsFrom, usage, type Options } from './options.js';
import { machine } from './system/machine.js';
import { endWithUs } from './system/program.js';
import { contenders, workloads } from './workloads/all.js';
import type { Outcome, Workload } from './workloads/workload.js';

const RESULTS = join('bench', 'results');
const titles = new Map(workloads.map(({ name, title }) => [name, title]));

function tell(line: string): void {
  console.log(line);
}

async function run(options: Options, began: Date): Promise<Results> {
  const missing = contenders.flatMap(each => each.missing ?? []);
  for (const reason of missing) tell(`missing: ${reason}`);
  const wanted = workloads.filter(
    ({ name }) => options.only.length === 0 || options.only.includes(name),
  );
  let results = resultsOf([], missing, options, began);
  const outcomes: Outcome[] = [];
  for (const workload of wanted) {
    outcomes.push(await runOne(workload, options));
    results = resultsOf(outcomes, missing, options, began);
    await keep(results); // also what there is so far: the last one may run for hours
  }
  return results;
}

function resultsOf(
  outcomes: readonly Outcome[],
  missing: readonly string[],
  { rounds, seconds }: Options,
  began: Date,
): Results {
  return {
    began: began.toISOString(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    machine: machine(),
    rounds,
    seconds,
    missing,
    wrong: outcomes.flatMap(({ wrong = [] }) => wrong),
    rows: outcomes.flatMap(({ rows }) => rows),
    curves: outcomes.flatMap(({ curves = [] }) => curves),
  };
}

/** In a folder of its own, which it leaves empty-handed. */
async function runOne({ name, title, run }: Workload, options: Options): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'cutover-bench-'));
  tell(`\n${title} (${name})`);
  try {
    const outcome = await run({ options, folder, tell });
    tell(workloadTable(outcome.rows));
    return outcome;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const fileOf = ({ began }: Results) => join(RESULTS, began.replaceAll(/[:.]/g, '-'));

async function keep(results: Results): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const file = fileOf(results);
  await writeFile(`${file}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(`${file}.html`, htmlReport(results, titles));
  await writeFile(`${file}.md`, markdownReport(results, titles));
}

/** Undefined: there is nothing to run, and the user was told why. */
function asked(): Options | undefined {
  const args = process.argv.slice(2);
  const names = workloads.map(({ name }) => name);
  if (args.includes('--help')) {
    tell(usage(names));
    return undefined;
  }
  try {
    return optionsFrom(args, names);
  } catch (cause) {
    tell(messageOf(cause));
    process.exitCode = 2;
    return undefined;
  }
}

async function main(): Promise<void> {
  const options = asked();
  if (options === undefined) return;
  endWithUs();
  const results = await run(options, new Date());
  tell(`\n${verdictTable(judged(results.rows))}`);
  tell(`\nkept as ${fileOf(results)}.json, .html and .md`);
  // Figures say nothing about right or wrong: a slow machine fails nobody.
  process.exitCode = results.wrong.length > 0 ? 1 : 0;
}

await main();
