/**
 * The view of `cutover up`: it gathers what the supervisor says, what control tells and what all processes log,
 * and paints it anew twice a second. While it does not have the terminal (another job has it, or all is
 * ending) log lines are written as they come.
 */
import type { Cancel, Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { CutoverEvent } from '../../kernel/events.js';
import { crewAfter, type CrewMember } from './crew-list.js';
import { viewLines, type ControlSeen } from './lines.js';
import { LogTail, objectIn } from './log-tail.js';
import type { Screen } from './screen.js';
import type { ShownLive } from './shown-live.js';

export interface ViewHost {
  readonly screen: Screen;
  readonly clock: Clock;
  readonly release: string;
  /** Undefined: there is no control to ask. */
  readonly ask: ((address: string) => Promise<ShownLive>) | undefined;
  /** Of control, as configured; undefined: only it knows, and says so in its log. */
  readonly address: string | undefined;
  /** Whether the terminal is ours to paint on. */
  isForeground(): boolean;
  /** Writes a log line for people. */
  plain(line: string): void;
}

/** Milliseconds. */
const FRAME = 500;
const LOOK = 1000;
/** Lines that stay on the terminal after the view has gone, so that the last words are not lost. */
const LAST_WORDS = 20;

export class View {
  readonly #host: ViewHost;
  readonly #since: number;
  readonly #tail = new LogTail();
  #crew: readonly CrewMember[] = [];
  #clients: string | undefined;
  #address: string | undefined;
  #control: ControlSeen;
  #timers: readonly Cancel[] = [];
  #isAsking = false;
  #hasEnded = false;

  constructor(host: ViewHost) {
    this.#host = host;
    this.#since = host.clock.now();
    this.#address = host.address;
    this.#control = host.ask === undefined ? { kind: 'none' } : { kind: 'awaited' };
  }

  /** Takes the terminal if it is ours. */
  show(): void {
    const { screen, clock } = this.#host;
    if (screen.isOpen || this.#hasEnded || !this.#host.isForeground()) return;
    screen.open();
    this.#timers = [
      clock.every(FRAME, () => this.paint()),
      clock.every(LOOK, () => void this.#look()),
    ];
    this.paint();
  }

  /** Gives the terminal back, with the last log lines on it. */
  hide(): void {
    if (!this.#host.screen.isOpen) return;
    this.#timers.forEach(cancel => cancel());
    this.#timers = [];
    this.#host.screen.close();
    this.#tail.taken(LAST_WORDS).forEach(line => this.#host.plain(line));
  }

  /** For good: what is still logged stays on the terminal. */
  end(): void {
    this.#hasEnded = true;
    this.hide();
  }

  /** What the supervisor reports. */
  hear(event: CutoverEvent): void {
    this.#crew = crewAfter(this.#crew, event);
    if (event.type === 'supervisor-ready') this.#clients = event.address;
  }

  /** A line that any of the processes has written. */
  log(line: string): void {
    this.#address = addressIn(line) ?? this.#address;
    if (this.#host.screen.isOpen) this.#tail.add(line);
    else this.#host.plain(line);
  }

  paint(): void {
    const { screen, clock, release } = this.#host;
    const seen = {
      release,
      age: clock.now() - this.#since,
      clients: this.#clients,
      control: this.#control,
      crew: this.#crew,
      log: this.#tail.shown,
    };
    screen.paint(viewLines(seen, screen.size));
  }

  /** One question at a time: a slow control is not asked faster than it answers. */
  async #look(): Promise<void> {
    const { ask } = this.#host;
    const address = this.#address;
    if (ask === undefined || address === undefined || this.#isAsking) return;
    this.#isAsking = true;
    try {
      this.#control = { kind: 'there', address, live: await ask(address) };
    } catch (cause) {
      this.#control = { kind: 'away', because: messageOf(cause) };
    } finally {
      this.#isAsking = false;
    }
  }
}

/** Control says where it listens: a configured port may be 0, and then only it knows. */
function addressIn(line: string): string | undefined {
  if (!line.includes('"control-listening"')) return undefined;
  const { event, address } = objectIn(line) ?? {};
  return event === 'control-listening' && typeof address === 'string' ? address : undefined;
}
