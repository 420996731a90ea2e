/** Control with so many simulated workers: changes that spread, then reports that are merged. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lagAt } from './lags.js';
import { Control } from './control.js';
import { Crew } from './crew.js';
import type { Looked } from './messages.js';
import type { ScaleOptions } from './options.js';
import type { Told } from './probe.js';
import type { Demotion, Measured, Merged, Slice, SpreadChange } from './results.js';
import { sharedNow } from './shared-now.js';

export interface Setting extends Omit<ScaleOptions, 'workers'> {
  readonly workers: number;
  /** Of this measurement alone. */
  readonly folder: string;
  readonly tell: (line: string) => void;
}

const SLICE = 1000; // ms
/** Seconds of load before anything is looked at: compilers and pools have done their work. */
const WARM_UP = 4;
const IDLE = 2000; // ms
/** Milliseconds of good answers between two demotions: the verdict begins anew. */
const GOOD = 1500;
/** Milliseconds in which the last report of before has come. */
const LATE = 500;
/** Of a version that goes bad. */
const BAD = 0.5;
/** Of new sessions, that the version shall have when the load ends. */
const REACHED = 0.5;
const PATIENCE = 30_000; // ms

export async function measured(setting: Setting): Promise<Measured> {
  const { folder, link, profile, workers, processes, rounds, rate } = setting;
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const control = await Control.start({ folder, link, node });
  const crew = new Crew({ address: control.address, key: control.key, workers, processes });
  try {
    await control.spreadTo(workers);
    const idle = await idling(control);
    const changes: SpreadChange[] = [];
    const versions: string[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      changes.push(await spread(control, crew, versions, round));
    }
    const merged = rate === 0 ? undefined : await merging(setting, control, crew);
    const { linked, wrong } = await crew.look();
    const lost = linked === workers ? [] : [`${workers - linked} workers are not linked any more`];
    return { workers, changes, idle, merged, wrong: [...wrong, ...lost] };
  } finally {
    await crew.end();
    await control.stop();
  }
}

async function idling(control: Control): Promise<Measured['idle']> {
  const since = sharedNow();
  await sleep(IDLE);
  const told = (await control.told()).filter(({ at }) => at >= since);
  return { memory: told.at(-1)?.memory ?? NaN, cpu: ratesIn(told).cpu };
}

/** Adds a version; the one that was added before is removed afterwards, so that tables stay of one size. */
async function spread(
  control: Control,
  crew: Crew,
  versions: string[],
  round: number,
): Promise<SpreadChange> {
  const asked = sharedNow();
  versions.push(await control.put(`1.${round}`, { mode: 'INSTANT' }));
  const answered = sharedNow();
  const { edition } = await control.spread();
  const taken = await crew.taken(edition);
  await control.spreadTo(crew.size);
  const acknowledged = sharedNow();
  const [former, ...more] = versions;
  if (former !== undefined && more.length > 0) {
    versions.shift();
    await control.remove(former);
    await control.spreadTo(crew.size);
  }
  return {
    answered: answered - asked,
    taken: taken - answered,
    acknowledged: acknowledged - answered,
  };
}

async function merging(setting: Setting, control: Control, crew: Crew): Promise<Merged> {
  const { rate, seconds, rounds, tell } = setting;
  const id = await control.put('2', {
    mode: 'GRADUAL',
    percentageTransitionPerRequest: (100 * REACHED) / (rate * (WARM_UP + seconds)),
  });
  await control.spreadTo(crew.size);
  crew.load(rate);
  await sleep(WARM_UP * 1000);
  const slices = await steady(control, crew, seconds, tell);
  const scrape = await scraped(control);
  const demotions: Demotion[] = [];
  for (let round = 0; round < rounds; round += 1) demotions.push(await demoted(control, crew, id));
  crew.load(0);
  const { told, missed } = await settled(crew);
  const counted = await countedOf(control, told);
  return { slices, demotions, missed, told, counted, scrape };
}

async function steady(
  control: Control,
  crew: Crew,
  seconds: number,
  tell: (line: string) => void,
): Promise<readonly Slice[]> {
  const began = sharedNow();
  const slices: Slice[] = [];
  let [at, before] = [began, await crew.look()];
  while (slices.length < seconds) {
    await sleep(SLICE);
    const now = sharedNow();
    const looked = await crew.look();
    const told = (await control.told()).filter(each => each.at >= at - SLICE / 2);
    const slice = sliceOf({ began, at, now, before, looked, told });
    slices.push(slice);
    tell(`  ${slice.at.toFixed(0)} s: ${shownSlice(slice)}`);
    [at, before] = [now, looked];
  }
  return slices;
}

const shownSlice = ({ requests, reports, cpu, loop, late, lag, memory }: Slice): string =>
  [
    `${requests.toFixed(0)} requests/s`,
    `${reports.toFixed(0)} reports/s`,
    `CPU ${cpu.toFixed(2)}, loop ${loop.toFixed(2)}`,
    `late ${late.p99.toFixed(1)} ms`,
    `lag ${lag.p50} / ${lag.p99} ms`,
    `${memory.toFixed(0)} MiB`,
  ].join(', ');

interface Between {
  readonly began: number;
  readonly at: number;
  readonly now: number;
  readonly before: Looked;
  readonly looked: Looked;
  readonly told: readonly Told[];
}

function sliceOf({ began, at, now, before, looked, told }: Between): Slice {
  const seconds = (now - at) / 1000;
  const last = told.at(-1);
  return {
    at: (now - began) / 1000,
    requests: (looked.exchanges - before.exchanges) / seconds,
    reports: (looked.reports - before.reports) / seconds,
    ...ratesIn(told),
    late: {
      p50: Math.max(...told.map(({ p50 }) => p50)),
      p99: Math.max(...told.map(({ p99 }) => p99)),
      max: Math.max(...told.map(({ max }) => max)),
    },
    lag: { p50: lagAt(looked.lags, 0.5), p99: lagAt(looked.lags, 0.99) },
    memory: last?.memory ?? NaN,
    heap: last?.heap ?? NaN,
  };
}

/** Cores, between the first and the last of what was told. */
function ratesIn(told: readonly Told[]): { readonly cpu: number; readonly loop: number } {
  const [first, last] = [told[0], told.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at)
    return { cpu: NaN, loop: NaN };
  const seconds = (last.at - first.at) / 1000;
  return { cpu: (last.cpu - first.cpu) / seconds, loop: (last.busy - first.busy) / seconds };
}

async function scraped(control: Control): Promise<Merged['scrape']> {
  const began = sharedNow();
  const text = await control.metrics();
  return { ms: sharedNow() - began, kib: text.length / 1024 };
}

/** The version that users move to goes bad; afterwards it is well again, and the upgrade goes on. */
async function demoted(control: Control, crew: Crew, id: string): Promise<Demotion> {
  await sleep(GOOD);
  const { edition } = await control.spread();
  const began = sharedNow();
  crew.bad(BAD);
  // Shares that are saved meanwhile make editions of their own: it is the one with which it is demoted.
  const until = began + PATIENCE;
  while ((await control.state(id)) !== 'demoted') {
    if (sharedNow() > until)
      throw new Error(`${id} is not demoted; the last edition is ${edition}`);
    await sleep(10);
  }
  const { edition: last } = await control.spread();
  const lastWorker = (await crew.taken(last)) - began;
  crew.bad(0);
  await sleep(LATE); // what was bad is reported to the end before the verdict begins anew
  await control.resume(id);
  await control.spreadTo(crew.size);
  return { lastWorker };
}

/** Until nothing more is reported. */
async function settled(crew: Crew): Promise<Looked> {
  for (let before = await crew.look(); ;) {
    await sleep(200);
    const looked = await crew.look();
    if (looked.told === looked.exchanges || looked.told === before.told) return looked;
    before = looked;
  }
}

/** What control has counted, as soon as it is `told`, or a while later. */
async function countedOf(control: Control, told: number): Promise<number> {
  const until = sharedNow() + PATIENCE;
  for (;;) {
    const counted = await control.exchanges();
    if (counted >= told || sharedNow() > until) return counted;
    await sleep(100);
  }
}
