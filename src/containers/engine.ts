/** What Cutover asks of a container engine: little, so that any with Docker's API will do, and a fake in tests. */

/** A container as its engine describes it. */
export interface Container {
  readonly id: string;
  /** Without the slash that the API puts before it. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: Status;
  /** Of its last end; meaningless while it runs. */
  readonly exitCode: number;
  /** The kernel ended it because it took too much memory. */
  readonly ranOutOfMemory: boolean;
  /** `none`: it has no health check. */
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** ISO 8601: those created first come first. */
  readonly created: string;
  /** ISO 8601; another one after each start. */
  readonly startedAt: string;
  /** Docker's NetworkMode: `host`, `bridge`, or the name of a network. */
  readonly networkMode: string;
  /** Its own address in each network that it is in. */
  readonly addresses: Readonly<Record<string, string>>;
  /** What of it can be reached over addresses of the engine's machine. */
  readonly published: readonly Published[];
  /** By name or by number; what `docker stop` sends. */
  readonly stopSignal: string;
}

export const statuses = [
  'created',
  'initialized',
  'running',
  'paused',
  'restarting',
  'stopping',
  'stopped',
  'removing',
  'exited',
  'dead',
] as const;
export type Status = (typeof statuses)[number] | 'unknown';

export interface Published {
  /** Of the container. */
  readonly port: number;
  /** Of the engine's machine; empty, 0.0.0.0 or :: where all of them are meant. */
  readonly host: string;
  readonly hostPort: number;
}

/** What happened to a container whose labels begin with `cutover.`. */
export interface Happened {
  readonly container: string;
  /** Docker's name for it: `start`, `kill`, `die` … */
  readonly action: string;
  /** Of `kill`: the number of the signal, where the engine says it. */
  readonly signal: number | undefined;
}

/** A container that is to be created. */
export interface NewContainer {
  readonly name: string;
  /** With tag or digest. */
  readonly image: string;
  /** `NAME=value`: may be secrets, and are told to nobody but the engine. */
  readonly environment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** TCP, of the container. */
  readonly port: number;
  /** Joins this network; undefined: `port` is published on 127.0.0.1, where the engine chooses a port. */
  readonly network: string | undefined;
}

/** What an engine shows of its containers. */
export interface Shown {
  readonly containers: readonly Container[];
  /** How many more there are than can be looked at: who is not shown may be there all the same. */
  readonly leftOut: number;
}

/** Every call is bounded in time, and rejects with an EngineError. */
export interface Engine {
  /** Where it is, for people. */
  readonly address: string;
  /** Where ports are that its containers publish on all addresses of its machine. */
  readonly host: string;
  /**
   * Those whose labels begin with `cutover.`, running or not. `owner`: without those that another Cutover started.
   * `signal`: gives it up.
   */
  containers(owner: string | undefined, signal?: AbortSignal): Promise<Shown>;
  /** Ends when `signal` says so; rejects when the engine has gone. */
  happenings(signal: AbortSignal): AsyncIterable<Happened>;
  hasImage(image: string): Promise<boolean>;
  /** `signal`: gives it up. */
  pull(image: string, signal: AbortSignal): Promise<void>;
  /** Returns its id. */
  create(container: NewContainer): Promise<string>;
  start(id: string): Promise<void>;
  /** Asks it to end, and ends it after `seconds`. One that has ended already is no error. */
  stop(id: string, seconds: number): Promise<void>;
  /** With its anonymous volumes. One that has gone already is no error. */
  remove(id: string): Promise<void>;
}

export type EngineErrorKind =
  /** Nobody listens there, or we may not connect. */
  | 'unreachable'
  /** No answer in time. */
  | 'late'
  /** It is not there: image, network or container. */
  | 'not-found'
  /** The engine says no, or something that we do not understand. */
  | 'refused'
  /** Nobody waits for it any more. */
  | 'given-up';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: EngineErrorKind;

  /** `message`: a sentence for people, without secrets. */
  constructor(kind: EngineErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
