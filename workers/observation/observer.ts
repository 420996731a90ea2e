/**
 * What one worker has seen since its last report. Every request comes by here, so counting one in copies
 * nothing; all that is kept is bounded, however long control is away.
 */
import type { SessionId, VersionId } from '../../src/kernel/ids.js';
import { MOST_EXAMPLES, redacted } from '../../src/verdict/dossier.js';
import type { Pair } from '../../src/verdict/pair.js';
import type { Signal } from '../../src/verdict/signals.js';
import { added, merged, newTally, type OwnTally } from '../../src/verdict/tally.js';
import type { Observation, Outcome } from '../../src/wire/observation.js';
import {
  sessionNumber,
  type SessionsSeen,
  type SignalExample,
  type WorkerReport,
} from '../../src/wire/report.js';
import { MOST_VERSIONS, SessionNumbers } from './session-numbers.js';
import type { Observed } from './withheld.js';

/** Characters: a client may call a method what it likes. */
const LONGEST_METHOD = 32;
/** Pairs of answers that are made at once, and milliseconds for each one after them. */
const PAIRS_AT_ONCE = 4;
const PAIR_EVERY = 1000;

type Seen = Omit<Observed, 'observation'>;

/** Of one version, since the last report: a report of it in the making. */
interface Notes {
  counted: number;
  tally: OwnTally;
  readonly examples: SignalExample[];
  sessions: readonly SessionsSeen[];
}

/** Which signal an exchange is an example of; slow and odd ones are found by their numbers only. */
const signalOf: Readonly<Record<Outcome, Signal | undefined>> = {
  ok: undefined,
  failed: 'failures',
  different: 'answers',
};

export class Observer {
  #sequence = 0;
  readonly #notes = new Map<VersionId, Notes>();
  readonly #sessions = new SessionNumbers();
  /** How many may be made at once, and since when none was added. */
  #pairs = { left: PAIRS_AT_ONCE, since: -Infinity };

  /** `example`: the request that was observed; `at` in milliseconds of the wall clock. */
  observed(observation: Observation, example: Seen): void {
    const notes = this.#notesOf(observation.version);
    if (notes === undefined) return;
    added(notes.tally, observation);
    const signal = signalOf[observation.outcome];
    if (signal === undefined || !hasRoom(notes.examples, signal)) return;
    const method = example.method.slice(0, LONGEST_METHOD);
    const target = redacted(example.target);
    const pair = this.#pairOf(example);
    const kept = { ...observation, at: example.at, method, target };
    notes.examples.push({ signal, example: pair === undefined ? kept : { ...kept, pair } });
  }

  /** Made for few: it takes a millisecond or so where bodies are large. */
  #pairOf({ pair, at }: Seen): Pair | undefined {
    if (pair === undefined) return undefined;
    const { left, since } = this.#pairs;
    // The wall clock may have been set back.
    const gained = Math.max(0, Math.floor((at - since) / PAIR_EVERY));
    const now = Math.min(PAIRS_AT_ONCE, left + gained);
    if (now <= 0) {
      if (at < since) this.#pairs.since = at;
      return undefined;
    }
    this.#pairs = { left: now - 1, since: gained > 0 ? at : since };
    return pair();
  }

  /** One request that moves the GRADUAL upgrade to this version. */
  counted(version: VersionId): void {
    const notes = this.#notesOf(version);
    if (notes !== undefined) notes.counted += 1;
  }

  /** The cookie of a session was set, at `seconds` of the wall clock, whole ones. */
  sessionSet(version: VersionId, session: SessionId, seconds: number): void {
    this.#sessions.add(version, sessionNumber(session), seconds);
  }

  /** Undefined: there is nothing new. What it returns is forgotten here. */
  takeReport(): WorkerReport | undefined {
    this.#takeSessions();
    const versions = [...this.#notes]
      .filter(([, notes]) => saysSomething(notes))
      .map(([version, notes]) => ({ version, ...notes }));
    this.#notes.clear();
    if (versions.length === 0) return undefined;
    this.#sequence += 1;
    return { sequence: this.#sequence, versions };
  }

  /** A report that could not be sent: the next one says it as well, so far as one report has room. */
  giveBack(report: WorkerReport): void {
    this.#sequence = report.sequence - 1; // a gap says that somebody else was told
    for (const { version, counted, tally, examples, sessions } of report.versions) {
      this.#sessions.giveBack(version, sessions);
      const notes = this.#notesOf(version);
      if (notes === undefined) continue;
      notes.counted += counted;
      notes.tally = merged(tally, notes.tally); // nobody else holds what it made
      for (const each of examples) {
        if (hasRoom(notes.examples, each.signal)) notes.examples.push(each);
      }
    }
  }

  #notesOf(version: VersionId): Notes | undefined {
    const known = this.#notes.get(version);
    if (known !== undefined || this.#notes.size >= MOST_VERSIONS) return known;
    const notes: Notes = { counted: 0, tally: newTally(), examples: [], sessions: [] };
    this.#notes.set(version, notes);
    return notes;
  }

  /** Of a version for which this report has no room they stay for the next one. */
  #takeSessions(): void {
    for (const version of this.#sessions.versions) {
      if (!this.#notes.has(version) && this.#notes.size >= MOST_VERSIONS) continue;
      const sessions = this.#sessions.take(version);
      if (sessions.length === 0) continue;
      const notes = this.#notesOf(version);
      if (notes !== undefined) notes.sessions = sessions;
    }
  }
}

const saysSomething = ({ counted, tally, sessions }: Notes): boolean =>
  counted > 0 || tally.exchanges > 0 || tally.repeats > 0 || sessions.length > 0;

/** At most `MOST_EXAMPLES` of each signal. */
function hasRoom(examples: readonly SignalExample[], signal: Signal): boolean {
  let held = 0;
  for (const each of examples) if (each.signal === signal) held += 1;
  return held < MOST_EXAMPLES;
}
