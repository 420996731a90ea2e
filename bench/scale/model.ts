/**
 * How much a system can do, from what each role costs. Pure: the figures come from measurements, and
 * `mesh-main.ts` holds what it says against others.
 */
import { reportEvery } from '../../src/wire/report.js';

/** What was measured. */
export interface Costs {
  /** Microseconds of CPU for each request. */
  readonly frontend: number;
  readonly worker: number;
  /** Microseconds of CPU of each end for each second that a link is there: signs of life. */
  readonly link: number;
  /** Microseconds of CPU of control for each report. */
  readonly report: number;
}

export interface Place {
  readonly frontends: number;
  readonly workers: number;
  /** Cores that each process has, at most: one thread does most of its work. */
  readonly frontendCores: number;
  readonly workerCores: number;
}

export interface Capacity {
  /** Requests a second. */
  readonly requests: number;
  readonly limit: 'frontends' | 'workers';
}

const SECOND = 1e6; // µs

export function capacityOf(costs: Costs, place: Place): Capacity {
  const { frontends, workers, frontendCores, workerCores } = place;
  // Links cost the same whether or not anything is asked over them, so their share is gone beforehand.
  const byFrontends = frontends * left(frontendCores, workers * costs.link, costs.frontend);
  const byWorkers = workers * left(workerCores, frontends * costs.link, costs.worker);
  return byFrontends <= byWorkers
    ? { requests: byFrontends, limit: 'frontends' }
    : { requests: byWorkers, limit: 'workers' };
}

const left = (cores: number, links: number, each: number): number =>
  Math.max(0, (cores * SECOND - links) / each);

/** Cores of control, of reports alone, while all workers have requests. */
export const controlCores = ({ report }: Costs, workers: number): number =>
  (((workers * 1000) / reportEvery(workers)) * report) / SECOND;

/** Of the mesh; a frontend has as many as there are workers, a worker as many as there are frontends. */
export const connectionsOf = ({ frontends, workers }: Pick<Place, 'frontends' | 'workers'>) =>
  frontends * workers;
