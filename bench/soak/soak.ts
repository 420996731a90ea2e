/** One soak: load, what happens meanwhile, and looks at the processes, until the time is over. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../src/kernel/errors.js';
import { percentile } from '../figures/statistics.js';
import { paced } from '../load/open-loop.js';
import { Application, VERSION_FIELD } from './application.js';
import { Happenings } from './happenings.js';
import { Operator } from './operator.js';
import type { SoakOptions } from './options.js';
import { chanceOf, changes, restarts, rounds, type Happening, type Timing } from './plan.js';
import type { Look, Slice, Soaked } from './results.js';
import { RunningCutover } from './running.js';
import { Visits } from './visits.js';
import { looksAt } from './watch.js';

export interface Soak {
  readonly options: SoakOptions;
  readonly timing: Timing;
  /** Of this run alone. */
  readonly folder: string;
  /** Ends it early, in order. */
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** What the soak itself finds out. */
export type Seen = Pick<Soaked, 'minutes' | 'happened' | 'traffic' | 'looks' | 'slices' | 'wrong'>;

const WORKERS = 2;
/** Milliseconds from the end of one happening to the next. */
const PAUSE = 500;
const MINUTE = 60_000; // ms
/** Of what is in the folder at the end, what is meant to stay, and what the probes have told. */
const KEPT = /^(cutover\.json|registry\.json(\.previous|\.learned)?|\d+\.json(\.new)?)$/;

export async function soaked(soak: Soak): Promise<Seen> {
  const application = await Application.start('1.1');
  const config = configFor(soak.folder, application);
  const cutover = await RunningCutover.start({
    folder: soak.folder,
    config: config({}),
    look: soak.timing.look,
  });
  const seen = await underLoad(soak, cutover, config, application).finally(() => cutover.stop());
  const left = (await readdir(soak.folder)).filter(name => !KEPT.test(name));
  const wrong = [...seen.wrong, ...cutover.wrong, ...left.map(name => `left behind: ${name}`)];
  return { ...seen, wrong };
}

/** With sections in place of its own. */
const configFor =
  (folder: string, { version, addresses }: Application) =>
  (sections: object) => ({
    proxy: { ip: '127.0.0.1', port: 0 },
    configService: { ip: '127.0.0.1', port: 0 },
    cluster: { servers: addresses, version },
    registry: { file: join(folder, 'registry.json') },
    workers: { count: WORKERS },
    comparison: { fields: [VERSION_FIELD] },
    // An upgrade is over when we say so; and a busy machine makes no version bad.
    monitor: { observation: 600, slower: 1_000_000, larger: 1_000_000 },
    ...sections,
  });

async function underLoad(
  soak: Soak,
  cutover: RunningCutover,
  config: (sections: object) => unknown,
  application: Application,
): Promise<Seen> {
  const { options, timing, folder, tell } = soak;
  const operator = new Operator(() => cutover.control);
  const happenings = await Happenings.begin({ cutover, operator, config }, application);
  const visits = new Visits(cutover.port, chanceOf(options.seed, 'visits'));
  const began = performance.now();
  const minute = () => (performance.now() - began) / MINUTE;
  /** Nothing new happens. (AbortSignal.timeout may be collected before its time, where it is combined.) */
  const end = new AbortController();
  const endNow = () => end.abort();
  const timer = setTimeout(endNow, options.during);
  soak.signal.addEventListener('abort', endNow);
  /** What had begun is over as well: an upgrade without requests would never end. */
  const over = new AbortController();
  const wrong: string[] = [];
  const happened: { minute: number; what: Happening }[] = [];
  const looks: Look[] = [];
  const slices: Slice[] = [];

  async function look(): Promise<void> {
    while (!over.signal.aborted) {
      await pause(timing.look, over.signal);
      looks.push(...(await looksAt(cutover.pids, { folder, minute: minute() })));
      const times = visits.takeTimes();
      if (times.length === 0) continue;
      const [p50 = NaN, p99 = NaN] = [0.5, 0.99].map(share => percentile(times, share));
      slices.push({ minute: minute(), answers: times.length, p50, p99 });
    }
  }

  async function happen(): Promise<void> {
    const change = rounds(changes, chanceOf(options.seed, 'changes'));
    const restart = rounds(restarts, chanceOf(options.seed, 'restarts'));
    let nextRestart = timing.restart;
    for (;;) {
      await pause(PAUSE, end.signal);
      if (end.signal.aborted) return;
      const isRestart = minute() * MINUTE >= nextRestart;
      if (isRestart) nextRestart += timing.restart;
      const what = (isRestart ? restart : change).next().value;
      happened.push({ minute: minute(), what });
      if (isRestart) tell(`${minute().toFixed(1)} min, ${what}`);
      await happenings.happen(what);
    }
  }

  const load = paced({
    rate: options.rate,
    during: Infinity,
    signal: over.signal,
    send: () => visits.one(),
    unsent: () => visits.unsent(),
  });
  tell('under load; Ctrl-C ends it');
  const failed = (cause: unknown) => {
    wrong.push(`in ${happened.at(-1)?.what ?? 'the beginning'}: ${messageOf(cause)}`);
    over.abort();
  };
  const looking = look().catch(failed);
  await happen().catch(failed);
  over.abort();
  clearTimeout(timer);
  const minutes = minute();
  await Promise.all([load, looking]);
  visits.end();
  await happenings.end();
  return { minutes, happened, traffic: visits.traffic, looks, slices, wrong };
}

/** Ends early without a fuss. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((cause: unknown) => {
    if (!signal.aborted) throw cause;
  });
}
