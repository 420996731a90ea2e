/** Waits until an upgrade has ended. It only looks: whatever comes of it, the upgrade is left as it is. */
import type { Clock } from '../kernel/clock.js';
import { OperatorError } from './control-client.js';
import { ending, progressLine, type Ending } from './ending.js';
import { ProgressDisplay, type Terminal } from './progress-display.js';
import type { ShownVersion } from './shown-version.js';

export interface WaitHost {
  /** Throws OperatorError: `unknown` if there is no such version. `within`: milliseconds. */
  version(id: string, within: number): Promise<ShownVersion>;
}

export interface Waiting {
  readonly id: string;
  /** Seconds; undefined: as long as it takes. */
  readonly timeout: number | undefined;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

export type Waited =
  | Exclude<Ending, { kind: 'under-way' }>
  | { readonly kind: 'late'; readonly says: string }
  /** Nobody will ever move to it. */
  | { readonly kind: 'useless'; readonly says: string };

/** Milliseconds between two looks. */
const LOOK = 250;
/** Milliseconds for an answer at least: the last look must not fail because it is the last. */
const LEAST_ANSWER = 1000;

/** Rejects with OperatorError only if control answers what cannot be waited for (a wrong token). */
export async function waited(host: WaitHost, waiting: Waiting): Promise<Waited> {
  const display = new ProgressDisplay(waiting.terminal);
  try {
    return await looks(host, waiting, display);
  } finally {
    display.end();
  }
}

async function looks(host: WaitHost, waiting: Waiting, display: ProgressDisplay): Promise<Waited> {
  const { id, timeout, clock } = waiting;
  const until = timeout === undefined ? Infinity : clock.now() + timeout * 1000;
  let before: ShownVersion | undefined;
  let isAway = false;
  for (;;) {
    const look = await looked(host, id, until - clock.now());
    if (look.kind === 'away') {
      if (!isAway) display.say(`${look.because}; waiting until it is back`);
    } else {
      const end = ending(look.version, before);
      if (end.kind !== 'under-way') return end;
      before = look.version;
      if (before !== undefined) show(before, display);
    }
    isAway = look.kind === 'away';
    const left = until - clock.now();
    if (left <= 0) return { kind: 'late', says: late(before, timeout ?? 0) };
    await passed(clock, Math.min(LOOK, left));
  }
}

type Look =
  | { readonly kind: 'seen'; readonly version: ShownVersion | undefined }
  | { readonly kind: 'away'; readonly because: string };

async function looked(host: WaitHost, id: string, within: number): Promise<Look> {
  try {
    return { kind: 'seen', version: await host.version(id, Math.max(LEAST_ANSWER, within)) };
  } catch (cause) {
    if (!(cause instanceof OperatorError) || cause.failure === 'other') throw cause;
    if (cause.failure === 'unknown') return { kind: 'seen', version: undefined };
    return { kind: 'away', because: cause.message };
  }
}

function show(version: ShownVersion, display: ProgressDisplay): void {
  display.show(progressLine(version), `${version.state} ${version.verdict ?? ''}`);
}

const late = (last: ShownVersion | undefined, seconds: number) =>
  `still ${last?.state ?? 'not seen'} after ${seconds} s, and left so`;

const passed = (clock: Clock, ms: number) =>
  new Promise<void>(resolve => void clock.after(ms, resolve));
