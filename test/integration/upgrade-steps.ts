/** What can happen to Cutover while versions come and go, drawn at random. */
import fc from 'fast-check';
import type { UpgradeTransition } from '../../src/config/cluster.js';

/** `at` chooses a version of the table; one more than there are means one that is not there. */
export type Step =
  | { readonly kind: 'put'; readonly number: string; readonly transition: UpgradeTransition }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'verb'; readonly at: number; readonly verb: Verb }
  | { readonly kind: 'rotate' }
  /** The disk is full at this step of the next save. */
  | { readonly kind: 'fault'; readonly at: number }
  /** Control is killed at this step of a save. */
  | { readonly kind: 'crash'; readonly at: number; readonly when: CrashTime }
  | { readonly kind: 'restart' }
  /** A worker ends, and another comes in its place. */
  | { readonly kind: 'replace'; readonly worker: number }
  | { readonly kind: 'request'; readonly worker: number; readonly cookie: CookieSent }
  | { readonly kind: 'report'; readonly worker: number; readonly at: number; readonly bad: boolean }
  | { readonly kind: 'pass'; readonly ms: number };

export type Verb = 'pause' | 'resume' | 'promote' | 'abort';
type CrashTime = 'before' | 'halfway' | 'after';

/** `age`: 0 is the newest that was ever given to anybody. */
export type CookieSent =
  | { readonly kind: 'none' }
  | { readonly kind: 'given'; readonly age: number }
  | { readonly kind: 'forged'; readonly age: number };

export const WORKERS = 2;

/** Fast enough that a walk sees them arrive. */
export const graduals: readonly UpgradeTransition[] = [
  { mode: 'GRADUAL', percentageTransitionPerRequest: 9 },
  { mode: 'GRADUAL', percentageTransitionPerRequest: 9, steps: [25, 60] },
  { mode: 'GRADUAL', duration: '10s' },
  { mode: 'GRADUAL', duration: '10s', steps: [50] },
];
export const transitions: readonly UpgradeTransition[] = [
  ...graduals,
  { mode: 'INSTANT' },
  { mode: 'SESSION', sessionTimeout: 4 },
  { mode: 'CONCURRENT' },
  { mode: 'CONCURRENT', promote: 'healthy' },
];

/** Often the newest version: most verbs are possible for an upgrade under way only. */
const at = fc.oneof(fc.constant(0), fc.nat(5));
const worker = fc.nat(WORKERS - 1);
/** A save takes no more steps; the ones that write are those that can be cut in half. */
const stepOfSave = fc.oneof(fc.nat(15), fc.constantFrom(3, 9));

const cookie: fc.Arbitrary<CookieSent> = fc.oneof(
  fc.constant({ kind: 'none' } as const),
  fc.record({ kind: fc.constant('given' as const), age: fc.nat(12) }),
  fc.record({ kind: fc.constant('forged' as const), age: fc.nat(12) }),
);

const fixed = <Kind extends Step['kind']>(kind: Kind) => fc.constant(kind);

export const stepWith = (modes: readonly UpgradeTransition[]): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fixed('put'),
        number: fc.constantFrom('0.9', '1.0', '1.9', '1.10', '2', '2.0', '3'),
        transition: fc.constantFrom(...modes),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fixed('remove'), at }) },
    {
      weight: 9,
      arbitrary: fc.record({
        kind: fixed('verb'),
        at,
        verb: fc.constantFrom<Verb>('pause', 'resume', 'promote', 'abort'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fixed('rotate') }) },
    { weight: 1, arbitrary: fc.record({ kind: fixed('fault'), at: stepOfSave }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fixed('crash'),
        at: stepOfSave,
        when: fc.constantFrom<CrashTime>('before', 'halfway', 'after'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fixed('restart') }) },
    { weight: 1, arbitrary: fc.record({ kind: fixed('replace'), worker }) },
    { weight: 8, arbitrary: fc.record({ kind: fixed('request'), worker, cookie }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fixed('report'), worker, at, bad: fc.boolean() }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fixed('pass'), ms: fc.constantFrom(50, 500, 1500, 6000) }),
    },
  );
