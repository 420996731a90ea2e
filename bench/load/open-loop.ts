/**
 * Requests at a fixed rate, whether or not earlier ones were answered: a slow answer holds no other
 * request back, and so hides none from the percentiles.
 */
import { Agent, get } from 'node:http';
import { LOOPBACK } from '../system/free-port.js';

export interface Sample {
  /** Milliseconds, of `performance.now()`, when it was sent. */
  readonly at: number;
  /** Milliseconds until the answer was whole. */
  readonly took: number;
  /** 0: no answer, or half of one. */
  readonly status: number;
  readonly body: string;
}

export interface OpenLoop {
  readonly port: number;
  readonly path: string;
  /** A second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly during: number;
  readonly onSample: (sample: Sample) => void;
}

/** What is sent at a fixed rate. */
export interface Paced {
  /** A second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly during: number;
  /** Ends it earlier; what was sent is waited for. */
  readonly signal?: AbortSignal;
  /** Settles when it was answered, however. */
  readonly send: () => Promise<void>;
  /** One was not sent, because too many wait for their answers. */
  readonly unsent: () => void;
}

const TICK = 1; // ms
const MOST_OUTSTANDING = 5000; // what answers nothing any more must not fill our memory
const PATIENCE = 30_000; // ms for one answer

/** Ends when all have been answered. */
export async function openLoop({ port, path, rate, during, onSample }: OpenLoop): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  await paced({
    rate,
    during,
    send: async () => onSample(await asked(agent, port, path)),
    unsent: () => onSample({ at: performance.now(), took: 0, status: 0, body: 'not sent' }),
  });
  agent.destroy();
}

/** Ends when all that was sent has been answered. */
export async function paced({ rate, during, signal, send, unsent }: Paced): Promise<void> {
  const began = performance.now();
  let due = 0;
  let outstanding = 0;
  const sendOne = async () => {
    outstanding += 1;
    await send();
    outstanding -= 1;
  };
  const sendDue = () => {
    const elapsed = Math.min(performance.now() - began, during);
    for (const last = Math.floor((elapsed / 1000) * rate); due < last; due += 1) {
      if (outstanding < MOST_OUTSTANDING) void sendOne();
      else unsent();
    }
  };
  await until(() => {
    if (signal?.aborted === true) return true;
    sendDue();
    return performance.now() - began >= during;
  });
  await until(() => outstanding === 0);
}

function until(isDone: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const timer = setInterval(() => {
      if (!isDone()) return;
      clearInterval(timer);
      resolve();
    }, TICK);
  });
}

function asked(agent: Agent, port: number, path: string): Promise<Sample> {
  const at = performance.now();
  return new Promise(resolve => {
    const done = (status: number, body: string) =>
      resolve({ at, took: performance.now() - at, status, body });
    const request = get({ host: LOOPBACK, port, path, agent, timeout: PATIENCE }, answer => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('end', () =>
        done(answer.complete ? (answer.statusCode ?? 0) : 0, Buffer.concat(pieces).toString()),
      );
      answer.once('error', error => done(0, error.message));
    });
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    request.once('error', error => done(0, error.message));
  });
}
