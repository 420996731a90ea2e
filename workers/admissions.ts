/**
 * What happens to a request before a server is asked: our cookie is taken out of it, its strategy decides
 * which version it is for, and the session goes on or begins. All state here is that of the last table.
 */
import { Buffer } from 'node:buffer';
import type { SessionId, Share, VersionId } from '../src/kernel/ids.js';
import type { NonEmpty } from '../src/kernel/non-empty.js';
import type { StrategyName } from '../src/config/cluster.js';
import type { SessionAge } from '../src/wire/account.js';
import { serving, type RoutingTable } from '../src/versions/routing-table.js';
import { timeoutOf } from '../src/versions/session-times.js';
import type { Version } from '../src/versions/version.js';
import {
  bucketOf,
  continued,
  COOKIE_AGE,
  MAX_SKEW,
  renewed,
  setCookieLine,
} from './sessions/renewal.js';
import { takenFrom } from './sessions/request-cookie.js';
import type { Session } from './sessions/session.js';
import {
  canName,
  recognised,
  sessionIdOf,
  signed,
  type Key,
  type Recognised,
} from './sessions/signed-cookie.js';
import type { Decision, Strategy } from './strategies/strategy.js';

export interface AdmissionsHost {
  /** In [0, 1). */
  chance(): number;
  random(bytes: number): Uint8Array;
  /** Milliseconds since 1970. */
  wall(): number;
  /** How far the upgrade is at this moment. */
  share(): Share;
  decide: Strategy;
  /** A cookie is set. `at`: whole seconds. */
  sessionSet(version: VersionId, session: SessionId, at: number): void;
  /** Seconds; of upgrades that say nothing of it. */
  readonly timeout: number;
  readonly secure: boolean;
}

export interface Admitted {
  /** The request's head without our cookie. */
  readonly head: string;
  readonly decision: Decision;
  /** The field line of the answer that sets the cookie; empty: the client has it. */
  readonly cookie: string;
  /** By which users move; undefined: no upgrade is under way. */
  readonly strategy: StrategyName | undefined;
  /** Undefined: there are no sessions. */
  readonly session: SessionAge | undefined;
}

/** Cookies; beyond it all are verified anew. */
const MOST_SEEN = 8192;

export class Admissions {
  readonly #host: AdmissionsHost;
  #versions: NonEmpty<Version>;
  /** Seconds. */
  #timeout: number;
  #keys: readonly Key[];
  /** Cookies that were verified: a client sends the same one again and again, and a digest is dear. */
  readonly #seen = new Map<string, Recognised>();

  /** `keys`: base64; without any there are no sessions. */
  constructor(table: RoutingTable, keys: readonly string[], host: AdmissionsHost) {
    this.#host = host;
    this.#versions = serving(table);
    this.#timeout = timeoutOf(table, host.timeout);
    this.#keys = keysOf(keys);
  }

  take(table: RoutingTable, keys: readonly string[]): void {
    this.#versions = serving(table);
    this.#timeout = timeoutOf(table, this.#host.timeout);
    this.#keys = keysOf(keys);
    this.#seen.clear(); // a key may have gone
  }

  admit(received: string): Admitted {
    const { values, head } = takenFrom(received);
    const now = Math.floor(this.#host.wall() / 1000);
    const timeout = this.#timeout;
    const mayServe = (id: VersionId) => this.#versions.some(version => version.id === id);
    const known = this.#recognised(values, now);
    const session = continued(known?.session, { now, timeout, mayServe });
    const bucket = bucketOf(known?.session, this.#host.chance());
    const share = this.#host.share();
    const decision = this.#host.decide({
      versions: this.#versions,
      session,
      bucket,
      progress: share,
    });
    const { id: version } = decision.kind === 'one' ? decision.version : decision.newer;
    const strategy = this.#strategy;
    if (this.#keys.length === 0 || !canName(version)) {
      return { head, decision, cookie: '', strategy, session: undefined };
    }
    const next = renewed(session, {
      now,
      timeout,
      version,
      newId: () => sessionIdOf(this.#host.random(16)),
      bucket,
      isCurrentKey: known?.isCurrentKey ?? false,
    });
    const cookie = next.mustSet ? this.#cookie(next.session) : '';
    return { head, decision, cookie, strategy, session: session === undefined ? 'new' : 'kept' };
  }

  get #strategy(): StrategyName | undefined {
    const [{ state, transition }] = this.#versions;
    return state.name === 'complete' ? undefined : transition.mode;
  }

  /** Of several that a client sent as ours, the one that was seen last; a time to come is none. */
  #recognised(values: readonly string[], now: number): Recognised | undefined {
    let best: Recognised | undefined;
    for (const value of values) {
      const known = this.#seen.get(value) ?? this.#verified(value);
      if (known !== undefined && isBetter(known, best, now + MAX_SKEW)) best = known;
    }
    return best;
  }

  #verified(value: string): Recognised | undefined {
    const known = recognised(value, this.#keys);
    if (known === undefined) return undefined;
    if (this.#seen.size >= MOST_SEEN) this.#seen.clear();
    this.#seen.set(value, known);
    return known;
  }

  #cookie(session: Session): string {
    this.#host.sessionSet(session.version, session.id, session.lastSeen);
    const { secure } = this.#host;
    return setCookieLine(signed(session, this.#keys), { secure, maxAge: COOKIE_AGE });
  }
}

const keysOf = (keys: readonly string[]): readonly Key[] =>
  keys.map(key => ({ secret: Buffer.from(key, 'base64') }));

function isBetter(known: Recognised, than: Recognised | undefined, latest: number): boolean {
  if (than === undefined) return true;
  const [seen, other] = [known.session.lastSeen, than.session.lastSeen];
  return other > latest ? seen < other : seen > other && seen <= latest;
}
