/**
 * `npm run scale:mesh -- [idle] [load] [model-1] [model-2]`: what an idle link costs, what a request costs each role in
 * systems of several sizes, and whether the model of `model.ts` foretells what slow processes can do together.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLine } from '../figures/html-report.js';
import { median, spread } from '../figures/statistics.js';
import { textTable } from '../figures/text-table.js';
import { machine } from '../system/machine.js';
import { endWithUs } from '../system/program.js';
import { startedFileServer } from '../system/server.js';
import { usual } from '../workloads/asks.js';
import { idle, loaded, type Idle, type Loaded } from './mesh.js';
import { capacityOf, type Costs } from './model.js';

const ROUNDS = 3;
const SECONDS = 2;
const IDLE = { links: [0, 100, 400], seconds: 5 } as const;
const sizes = [
  [1, 1],
  [1, 2],
  [1, 4],
  [2, 2],
  [2, 4],
] as const;
const modelSizes = [
  [1, 1],
  [1, 2],
  [1, 4],
  [1, 8],
  [2, 2],
  [2, 4],
  [2, 8],
] as const;
/** Of each process, where the model is held against measurements: so little that all of them have it. */
const CORES = { frontend: 0.2, worker: 0.1 };

const CLIENTS = usual.connections;

const tell = (line: string) => console.log(line);

async function idleTable(folder: string): Promise<string> {
  const rows: (readonly string[])[] = [];
  for (const isCurve of [false, true]) {
    const all: Idle[] = [];
    for (const links of IDLE.links) {
      all.push(await idle({ links, isCurve, seconds: IDLE.seconds, folder }));
    }
    all.forEach((each, at) => rows.push(idleRow(isCurve, IDLE.links[at] ?? 0, each)));
    rows.push(perLink(isCurve, all));
  }
  const heading = ['links', 'frontend', 'CPU', 'other end', 'CPU'];
  return textTable([heading, ...rows]);
}

const idleRow = (
  isCurve: boolean,
  links: number,
  { frontend, worker }: Idle,
): readonly string[] => [
  `${links} ${isCurve ? 'with keys' : 'ipc'}`,
  `${frontend.memory.toFixed(1)} MiB`,
  `${(frontend.cpu * 1e6).toFixed(0)} µs/s`,
  `${worker.memory.toFixed(1)} MiB`,
  `${(worker.cpu * 1e6).toFixed(0)} µs/s`,
];

function perLink(isCurve: boolean, all: readonly Idle[]): readonly string[] {
  const [first, last] = [all[0], all.at(-1)];
  const most = IDLE.links.at(-1) ?? 0;
  const each = (of: (idle: Idle) => number) =>
    first === undefined || last === undefined ? NaN : (of(last) - of(first)) / most;
  return [
    `each ${isCurve ? 'with keys' : 'ipc'}`,
    `${(1024 * each(({ frontend }) => frontend.memory)).toFixed(0)} KiB`,
    `${(1e6 * each(({ frontend }) => frontend.cpu)).toFixed(0)} µs/s`,
    `${(1024 * each(({ worker }) => worker.memory)).toFixed(0)} KiB`,
    `${(1e6 * each(({ worker }) => worker.cpu)).toFixed(0)} µs/s`,
  ];
}

const shown = (numbers: readonly number[], digits = 0): string => {
  const { median: middle, lowest, highest } = spread(numbers);
  return `${middle.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
};

const loadRow = (frontends: number, workers: number, rounds: readonly Loaded[]) => [
  `${frontends} × ${workers}`,
  shown(rounds.map(({ rate }) => rate)),
  shown(rounds.map(({ frontend }) => frontend)),
  shown(rounds.map(({ worker }) => worker)),
  shown(rounds.map(({ control }) => control)),
];

const heading = ['frontends × workers', 'requests/s', 'frontend µs', 'worker µs', 'control µs'];

async function loadTable(folder: string, server: number): Promise<string> {
  const rows: (readonly string[])[] = [];
  for (const [frontends, workers] of sizes) {
    const setting = { frontends, workers, cores: undefined, seconds: SECONDS, rounds: ROUNDS };
    const rounds = (await loaded({ ...setting, folder, server })) ?? [];
    rows.push(loadRow(frontends, workers, rounds));
  }
  return textTable([heading, ...rows]);
}

/**
 * Each size is foretold from the costs of the smallest one with as many frontends: of each more frontend the
 * messages to a worker hold fewer requests, and cost more.
 */
async function modelTable(count: number, folder: string, server: number): Promise<string> {
  const rows: (readonly string[])[] = [];
  let costs: Costs | undefined;
  for (const [frontends, workers] of modelSizes.filter(([each]) => each === count)) {
    const setting = { frontends, workers, cores: CORES, seconds: SECONDS, rounds: ROUNDS };
    const rounds = await loaded({ ...setting, folder, server });
    if (rounds === undefined) return 'no cgroup (v1) of the processor can be made here';
    costs ??= {
      frontend: { each: median(rounds.map(({ frontend }) => frontend)), message: 0 },
      worker: { each: median(rounds.map(({ worker }) => worker)), message: 0 },
      link: 0, // next to nothing, among so few
      report: 0,
    };
    const cores = { frontendCores: CORES.frontend, workerCores: CORES.worker };
    const place = { frontends, workers, ...cores, inFlight: CLIENTS / (frontends * workers) };
    const { requests, limit } = capacityOf(costs, place);
    const measured = median(rounds.map(({ rate }) => rate));
    const told = [`${requests.toFixed(0)} (${limit})`, (measured / requests).toFixed(2)];
    rows.push([...loadRow(frontends, workers, rounds), ...told]);
  }
  return textTable([[...heading, 'foretold', 'measured / foretold'], ...rows]);
}

async function main(): Promise<void> {
  endWithUs();
  const asked = process.argv.slice(2);
  const wants = (part: string) => asked.length === 0 || asked.includes(part);
  const folder = await mkdtemp(join(tmpdir(), 'cutover-mesh-'));
  tell(machineLine(machine()));
  const server = await startedFileServer(folder);
  try {
    if (wants('idle')) tell(`\nidle\n${await idleTable(folder)}`);
    if (wants('load')) tell(`\nunder full load\n${await loadTable(folder, server.port)}`);
    for (const count of [1, 2]) {
      if (!wants(`model-${count}`)) continue;
      const about = `frontends of ${CORES.frontend} and workers of ${CORES.worker} cores`;
      tell(`\n${about}\n${await modelTable(count, folder, server.port)}`);
    }
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
