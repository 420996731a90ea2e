/** Figures of several rounds. */
import type { MeasureName } from '../figures/measures.js';
import type { Figures, Row } from '../figures/results.js';
import { spread } from '../figures/statistics.js';
import { closedLoop } from '../load/closed-loop.js';
import { usual } from './asks.js';
import type { Entrant } from './contest.js';

/** Seconds of load before the first round: by then compilers and pools have done their work. */
export const WARM_UP = 3;

/** With as much load as it takes: at the rate that is measured, compilers would not be done for minutes. */
export async function warmUp(
  { running: { port }, headers }: Pick<Entrant, 'running' | 'headers'>,
  folder: string,
  seconds = WARM_UP,
): Promise<void> {
  await closedLoop({ ask: usual, headers, port, seconds, folder });
}

/** The figures of one contender in one round. */
export type Round = Readonly<Partial<Record<MeasureName, number>>>;

/** One round of everybody, then the next: what disturbs the machine meanwhile disturbs all alike. */
export async function inTurns(
  count: number,
  entrants: readonly Entrant[],
  one: (entrant: Entrant) => Promise<Round>,
): Promise<ReadonlyMap<string, readonly Round[]>> {
  const rounds = new Map<string, Round[]>(entrants.map(({ name }) => [name, []]));
  for (let turn = 0; turn < count; turn += 1) {
    for (const entrant of entrants) {
      await entrant.renew();
      rounds.get(entrant.name)?.push(await one(entrant));
    }
  }
  return rounds;
}

export const rowsOf = (
  workload: string,
  rounds: ReadonlyMap<string, readonly Round[]>,
): readonly Row[] =>
  [...rounds].map(([contender, each]) => ({ workload, contender, figures: spreads(each) }));

/** Each measure over all rounds that have it. */
export function spreads(rounds: readonly Round[]): Figures {
  const names = new Set(rounds.flatMap(round => Object.keys(round) as MeasureName[]));
  return Object.fromEntries(
    [...names].map(name => [name, spread(rounds.flatMap(round => round[name] ?? []))]),
  );
}
