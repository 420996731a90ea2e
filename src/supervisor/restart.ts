import { backoff } from '../kernel/backoff.js';

/** What becomes of a role whose process has ended without having been told to. */

export interface Ending {
  readonly exitCode: number | null;
  /** Whether the role, in any of its processes, was ever ready: it can start on this machine. */
  readonly everReady: boolean;
  /** Milliseconds that the process lived. */
  readonly lived: number;
  /** How many processes of the role ended early, one after the other, before this one. */
  readonly early: number;
  /** 0 to 1. */
  readonly chance: number;
}

export type Restart =
  | { readonly kind: 'again'; readonly after: number; readonly early: number }
  | { readonly kind: 'give-up' };

/** Whoever lives so long is well: the next end is a new misfortune, not the same once more. */
const WELL_AFTER = 10_000;

// Precedents: systemd waits 100 ms (RestartSec), kubelet at most 5 minutes, which clients would notice.
const FIRST = 100;
const MOST = 10_000;

export function restartAfter({ exitCode, everReady, lived, early, chance }: Ending): Restart {
  // It said itself that it cannot start, and nothing shows that it ever could: no use in a loop.
  if (!everReady && (exitCode === 1 || exitCode === 2)) return { kind: 'give-up' };
  const before = lived >= WELL_AFTER ? 0 : early;
  const after = backoff(before, { first: FIRST, most: MOST, chance });
  return { kind: 'again', after, early: before + 1 };
}
