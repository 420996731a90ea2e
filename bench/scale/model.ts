/**
 * How much a system can do, from what each role costs. Pure: the figures come from measurements, and
 * `mesh-main.ts` holds what it says against others.
 */
import { reportEvery } from '../../src/wire/report.js';

/** Microseconds of CPU. */
export interface Cost {
  /** For each request. */
  readonly each: number;
  /** For each message on a link: requests that are in flight on it share it. */
  readonly message: number;
}

/** What was measured. */
export interface Costs {
  readonly frontend: Cost;
  readonly worker: Cost;
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
  /** Requests on each link: all that are in flight, divided by the number of links. */
  readonly inFlight: number;
}

export interface Capacity {
  /** Requests a second. */
  readonly requests: number;
  readonly limit: 'frontends' | 'workers';
}

const SECOND = 1e6; // µs

export function capacityOf(costs: Costs, place: Place): Capacity {
  const { frontends, workers, frontendCores, workerCores, inFlight } = place;
  // Links cost the same whether or not anything is asked over them, so their share is gone beforehand.
  const byFrontends =
    frontends * left(frontendCores, workers * costs.link, ofRequest(costs.frontend, inFlight));
  const byWorkers =
    workers * left(workerCores, frontends * costs.link, ofRequest(costs.worker, inFlight));
  return byFrontends <= byWorkers
    ? { requests: byFrontends, limit: 'frontends' }
    : { requests: byWorkers, limit: 'workers' };
}

/** A link with less than one request in flight has a message for each. */
export const ofRequest = ({ each, message }: Cost, inFlight: number): number =>
  each + message / Math.max(1, inFlight);

const left = (cores: number, links: number, each: number): number =>
  Math.max(0, (cores * SECOND - links) / each);

/** Cores of control, of reports alone, while all workers have requests. */
export const controlCores = ({ report }: Costs, workers: number): number =>
  (((workers * 1000) / reportEvery(workers)) * report) / SECOND;

/** Of the mesh; a frontend has as many as there are workers, a worker as many as there are frontends. */
export const connectionsOf = ({ frontends, workers }: Pick<Place, 'frontends' | 'workers'>) =>
  frontends * workers;
