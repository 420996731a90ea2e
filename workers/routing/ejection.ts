/**
 * One bad server is left out before its version is given up, and let back in by one request first.
 * Every server is judged by its own record; how many of a version may be left out at a time is
 * decided over all of them (`accessTo`). Times are monotonic milliseconds.
 *
 * What other workers have seen comes in by two ways. A server that is out for the system (`told-out`) is left
 * out here as well, without a failure of our own, until it is in again (`told-in`) or answers us. And of one
 * that somebody leaves out (`isSuspect`), one failure without an answer is enough.
 */

export interface EjectionTerms {
  /** Failures in a row. */
  readonly consecutive: number;
  /** Of the requests within a window: above this share it is ejected … */
  readonly failureShare: number;
  /** … if there were at least so many. */
  readonly minimumSample: number;
  readonly window: number;
  /** How long the first ejection lasts; the second lasts twice as long, the third three times … */
  readonly base: number;
  /** … up to this. A server that works for so long has a clean record again. */
  readonly longest: number;
  /** Of a version's servers, at least one; if all fail, that is the version's failure. */
  readonly mostEjected: number;
}

export const usualEjection: EjectionTerms = {
  consecutive: 5,
  failureShare: 0.5,
  minimumSample: 20,
  window: 10_000,
  base: 5_000,
  longest: 300_000,
  mostEjected: 0.5,
};

/** `since`: what was sent before is no news of this state. `ejections`: so far, for the next one's length. */
export type ServerHealth =
  | {
      readonly kind: 'in';
      readonly since: number;
      readonly ejections: number;
      /** Failures since the last success. */
      readonly inRow: number;
      readonly sample: Sample;
    }
  | {
      readonly kind: 'ejected';
      readonly since: number;
      readonly ejections: number;
      readonly until: number;
      /** For what others have seen, and not we. */
      readonly isTold?: true;
    }
  /** One request is on its way. `until`: if nothing is heard of it by then, another is sent. */
  | {
      readonly kind: 'probed';
      readonly since: number;
      readonly ejections: number;
      readonly until: number;
      readonly isTold?: true;
    };

interface Sample {
  readonly from: number;
  readonly requests: number;
  readonly failures: number;
}

export type ServerEvent =
  /** `failed`: refused, reset, silent, malformed or 5xx. `sent`: when the attempt began. */
  | { readonly kind: 'succeeded' | 'failed'; readonly sent: number; readonly isSuspect?: boolean }
  /** An ejected server gets a request to try it. */
  | { readonly kind: 'probe' }
  /** It is out for the system; until then nobody tries it. */
  | { readonly kind: 'told-out'; readonly until: number }
  /** It was, and works again for others. */
  | { readonly kind: 'told-in' };

type In<Kind> = ServerHealth & { readonly kind: Kind };

export const healthy = (now: number): In<'in'> => admitted(0, now);

/** The same object where nothing changes. */
export function healthAfter(
  health: ServerHealth,
  event: ServerEvent,
  now: number,
  terms: EjectionTerms,
): ServerHealth {
  switch (event.kind) {
    case 'probe':
      return probed(health, now, terms);
    case 'told-out':
      return toldOut(health, event.until, now, terms);
    case 'told-in':
      return toldIn(health, now);
    case 'failed':
    case 'succeeded':
      return event.sent < health.since ? health : seen(health, event, now, terms);
  }
}

type Seen = ServerEvent & { readonly kind: 'succeeded' | 'failed' };

function seen(
  health: ServerHealth,
  { kind, isSuspect = false }: Seen,
  now: number,
  terms: EjectionTerms,
): ServerHealth {
  const isFailure = kind === 'failed';
  switch (health.kind) {
    case 'in':
      return judged(counted(health, isFailure, now, terms), isFailure && isSuspect, now, terms);
    case 'ejected':
      // It was asked though it was ejected, because too few others were left.
      if (!isFailure) return admitted(health.ejections, now);
      return health.isTold === true ? ejected(health.ejections + 1, now, terms) : health;
    case 'probed':
      return isFailure
        ? ejected(health.ejections + 1, now, terms)
        : admitted(health.ejections, now);
  }
}

/** `probe`: it may get one request, which is to be told by the event `probe`. */
export type Access = 'open' | 'probe' | 'closed';

export interface VersionAccess {
  /** No server of the version is in: the next version should serve, but for probes. */
  readonly allFailed: boolean;
  /** In the order of the servers. */
  readonly servers: readonly Access[];
}

/**
 * Where more servers are ejected than may be, those whose time ends first stay open: what they fail is
 * rescued, and the rest need not carry everything.
 */
export function accessTo(
  servers: readonly ServerHealth[],
  now: number,
  terms: EjectionTerms,
): VersionAccess {
  const most = Math.max(1, Math.floor(terms.mostEjected * servers.length));
  const out = servers.flatMap(health => (health.kind === 'in' ? [] : [health]));
  const allFailed = out.length === servers.length;
  const spared = allFailed ? [] : out.toSorted((a, b) => a.until - b.until).slice(0, -most);
  return {
    allFailed,
    servers: servers.map(health => {
      if (health.kind === 'in' || spared.includes(health)) return 'open';
      return health.until <= now ? 'probe' : 'closed';
    }),
  };
}

const admitted = (ejections: number, now: number): In<'in'> => ({
  kind: 'in',
  since: now,
  ejections,
  inRow: 0,
  sample: { from: now, requests: 0, failures: 0 },
});

const ejected = (ejections: number, now: number, terms: EjectionTerms): In<'ejected'> => ({
  kind: 'ejected',
  since: now,
  ejections,
  until: now + Math.min(terms.longest, terms.base * ejections),
});

function toldOut(
  health: ServerHealth,
  until: number,
  now: number,
  { longest }: EjectionTerms,
): ServerHealth {
  if (health.kind !== 'in') return health;
  const { ejections } = health;
  const ends = Math.min(now + longest, until);
  return { kind: 'ejected', since: now, ejections, until: ends, isTold: true };
}

/** Who has seen it fail tries it next, and believes nobody else. */
function toldIn(health: ServerHealth, now: number): ServerHealth {
  if (health.kind === 'in') return health;
  if (health.isTold === true) return admitted(health.ejections, now);
  return health.kind === 'ejected' && health.until > now ? { ...health, until: now } : health;
}

function probed(health: ServerHealth, now: number, { base }: EjectionTerms): ServerHealth {
  if (health.kind === 'in' || health.until > now) return health;
  const { ejections, isTold } = health;
  return { kind: 'probed', since: now, ejections, until: now + base, ...(isTold && { isTold }) };
}

function counted(
  health: In<'in'>,
  isFailure: boolean,
  now: number,
  { window, longest }: EjectionTerms,
): In<'in'> {
  const { since, ejections, inRow, sample } = health;
  const { from, requests, failures } =
    now - sample.from < window ? sample : { from: now, requests: 0, failures: 0 };
  return {
    kind: 'in',
    since,
    ejections: now - since < longest ? ejections : 0,
    inRow: isFailure ? inRow + 1 : 0,
    sample: { from, requests: requests + 1, failures: failures + (isFailure ? 1 : 0) },
  };
}

function judged(
  health: In<'in'>,
  isCertain: boolean,
  now: number,
  terms: EjectionTerms,
): ServerHealth {
  const { requests, failures } = health.sample;
  const tooMany = requests >= terms.minimumSample && failures > terms.failureShare * requests;
  if (!isCertain && health.inRow < terms.consecutive && !tooMany) return health;
  return ejected(health.ejections + 1, now, terms);
}
