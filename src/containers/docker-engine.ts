/** An engine that speaks Docker's API over a socket: Docker itself, Podman, and others. */
import Docker from 'dockerode';
import { z } from 'zod';
import { hostPort, type HostPort } from '../config/address.js';
import { messageOf, systemCodeOf } from '../kernel/errors.js';
import {
  EngineError,
  type Container,
  type Engine,
  type EngineErrorKind,
  type Happened,
  type NewContainer,
  type Shown,
} from './engine.js';
import { containerOf, happenedIn, isOurs } from './inspected.js';
import { jsonLines } from './json-lines.js';
import { isAnothers } from './labels.js';

/** A path of a unix socket, or where a TCP socket listens. */
export type EngineAddress = { readonly path: string } | HostPort;

/** Milliseconds for one call. */
const PATIENCE = 10_000;
/** More containers than this with our labels are not looked at. */
const MOST_CONTAINERS = 1024;
/** Containers that are looked at at a time: each takes a connection. */
export const AT_ONCE = 16;

const listed = z.array(
  z.object({
    Id: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
    State: z.string().nullish(),
  }),
);

export class DockerEngine implements Engine {
  readonly address: string;
  readonly host: string;
  readonly #docker: Docker;
  readonly #patience: number;
  readonly #most: number;

  /** `patience`: milliseconds for one call; default 10,000. `most`: containers that are looked at. */
  constructor(address: EngineAddress, patience = PATIENCE, most = MOST_CONTAINERS) {
    const isLocal = 'path' in address;
    this.address = isLocal ? address.path : hostPort(address);
    this.host = isLocal ? '127.0.0.1' : address.host;
    this.#patience = patience;
    this.#most = most;
    this.#docker = new Docker({
      ...environmentIgnored,
      ...(isLocal
        ? { socketPath: address.path, host: undefined }
        : { socketPath: undefined, host: address.host, port: address.port }),
    } as Docker.DockerOptions); // its type does not know that undefined takes the place of a default
  }

  async containers(owner: string | undefined, signal?: AbortSignal): Promise<Shown> {
    const all = await this.#call(
      'list its containers',
      abortSignal => this.#docker.listContainers({ all: true, abortSignal }),
      signal,
    );
    const ours = understood(listed, all)
      .filter(({ Labels }) => isOurs(Labels ?? {}))
      .filter(({ Labels }) => owner === undefined || !isAnothers(Labels ?? {}, owner))
      .toSorted((a, b) => Number(isRunning(b)) - Number(isRunning(a)));
    const looked = ours.slice(0, this.#most);
    const containers: Container[] = [];
    for (let at = 0; at < looked.length; at += AT_ONCE) {
      const some = looked.slice(at, at + AT_ONCE).map(({ Id }) => this.#inspected(Id, signal));
      containers.push(...(await Promise.all(some)).filter(each => each !== undefined));
    }
    return { containers, leftOut: ours.length - looked.length };
  }

  /** Undefined: it has gone since it was listed. */
  async #inspected(id: string, signal?: AbortSignal): Promise<Container | undefined> {
    const answer = await this.#call(
      'describe a container',
      abortSignal => this.#docker.getContainer(id).inspect({ abortSignal }),
      signal,
    ).catch(unless('not-found'));
    return answer === undefined ? undefined : understood({ parse: containerOf }, answer);
  }

  async *happenings(signal: AbortSignal): AsyncGenerator<Happened> {
    // The stream itself may be silent for hours: only its beginning is bounded.
    const call = this.#begin('tell what happens', signal);
    try {
      const stream = await call.answer(abortSignal =>
        this.#docker.getEvents({ filters: { type: ['container'] }, abortSignal }),
      );
      for await (const line of jsonLines(stream)) {
        const happened = happenedIn(line);
        if (happened !== undefined) yield happened;
      }
    } catch (cause) {
      if (!signal.aborted) throw errorOf('tell what happens', cause);
    } finally {
      call.end();
    }
    if (!signal.aborted) throw new EngineError('unreachable', `${this.address} has hung up`);
  }

  async hasImage(image: string): Promise<boolean> {
    const found = await this.#call('look for an image', abortSignal =>
      // Its type does not know the signal, which it takes like all others.
      this.#docker.getImage(image).inspect({ abortSignal } as Docker.ImageInspectOptions),
    ).catch(unless('not-found'));
    return found !== undefined;
  }

  async pull(image: string, signal: AbortSignal): Promise<void> {
    const what = `pull ${image}`;
    const call = this.#begin(what, signal);
    try {
      const stream = await call.answer(abortSignal => this.#docker.pull(image, { abortSignal }));
      for await (const line of jsonLines(stream)) {
        const { success, data } = z.object({ error: z.string().min(1) }).safeParse(line);
        if (success) throw new EngineError('refused', `cannot ${what}: ${data.error}`);
      }
    } catch (cause) {
      throw signal.aborted ? givenUp(what) : errorOf(what, cause);
    } finally {
      call.end();
    }
  }

  async create(container: NewContainer): Promise<string> {
    const { name, image, environment, labels, port, network } = container;
    const created = await this.#call(`create ${name}`, abortSignal =>
      this.#docker.createContainer({
        name,
        Image: image,
        Env: [...environment],
        Labels: { ...labels },
        ExposedPorts: { [`${port}/tcp`]: {} },
        HostConfig: {
          RestartPolicy: { Name: 'unless-stopped' },
          SecurityOpt: ['no-new-privileges'],
          ...(network === undefined
            ? { PortBindings: { [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: '' }] } }
            : { NetworkMode: network }),
        },
        abortSignal,
      }),
    );
    return created.id;
  }

  async start(id: string): Promise<void> {
    await this.#call('start a container', abortSignal =>
      this.#docker.getContainer(id).start({ abortSignal }),
    );
  }

  async stop(id: string, seconds: number): Promise<void> {
    await this.#call(
      'stop a container',
      abortSignal => this.#docker.getContainer(id).stop({ t: seconds, abortSignal }),
      undefined,
      this.#patience + seconds * 1000,
    ).catch(unless('not-found', 304));
  }

  async remove(id: string): Promise<void> {
    await this.#call('remove a container', abortSignal =>
      this.#docker.getContainer(id).remove({ v: true, force: true, abortSignal }),
    ).catch(unless('not-found'));
  }

  /** `signal`: gives it up. */
  async #call<Answer>(
    what: string,
    ask: (signal: AbortSignal) => Promise<Answer>,
    signal?: AbortSignal,
    patience = this.#patience,
  ): Promise<Answer> {
    const call = this.#begin(what, signal, patience);
    try {
      return await call.answer(ask);
    } finally {
      call.end();
    }
  }

  #begin(what: string, signal?: AbortSignal, patience = this.#patience): Call {
    const late = new EngineError('late', `${this.address} did not ${what} in time`);
    return new Call(what, { late, patience, signal });
  }
}

const isRunning = ({ State }: z.output<typeof listed>[number]) => State === 'running';

/** One request: it is aborted, and its connection closed, when it is given up or too late, until `end`. */
class Call {
  readonly #what: string;
  /** Its reason is an EngineError. */
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #given: AbortSignal | undefined;

  constructor(
    what: string,
    about: {
      readonly late: EngineError;
      readonly patience: number;
      readonly signal: AbortSignal | undefined;
    },
  ) {
    this.#what = what;
    this.#given = about.signal;
    this.#timer = setTimeout(() => this.#ending.abort(about.late), about.patience);
    this.#timer.unref();
    if (this.#given?.aborted === true) this.#giveUp();
    else this.#given?.addEventListener('abort', this.#giveUp);
  }

  /** Once the answer is there, which may be a stream that goes on, it is not late any more. */
  async answer<Answer>(ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const { signal } = this.#ending;
    signal.throwIfAborted();
    // The client library does not settle every call whose signal comes in the middle of an answer: this does.
    const over = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as EngineError));
    });
    try {
      return await Promise.race([ask(signal), over]);
    } catch (cause) {
      throw signal.aborted ? signal.reason : errorOf(this.#what, cause);
    } finally {
      clearTimeout(this.#timer);
    }
  }

  /** Nothing is held any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#giveUp);
  }

  readonly #giveUp = (): void => this.#ending.abort(givenUp(this.#what));
}

/**
 * The library takes DOCKER_HOST and its like for defaults. What is not configured is not used: an undefined of
 * ours takes the place of each.
 */
const environmentIgnored = {
  protocol: 'http',
  pathPrefix: '/',
  port: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
  username: undefined,
  timeout: undefined,
};

const givenUp = (what: string) => new EngineError('given-up', `gave up to ${what}`);

const statusOf = (cause: unknown): number | undefined =>
  cause instanceof Error && 'statusCode' in cause && typeof cause.statusCode === 'number'
    ? cause.statusCode
    : undefined;

/** What the engine said: its own words stand in `message` of its JSON. */
function saidIn(cause: unknown): string {
  const json = cause instanceof Error && 'json' in cause ? cause.json : undefined;
  const { success, data } = z.object({ message: z.string() }).safeParse(json);
  return success ? data.message : messageOf(cause);
}

function errorOf(what: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  const status = statusOf(cause);
  const because = `cannot ${what}: ${saidIn(cause)}`;
  if (status !== undefined) {
    return new EngineError(status === 404 ? 'not-found' : 'refused', because, { cause });
  }
  const kind = systemCodeOf(cause) === undefined ? 'refused' : 'unreachable';
  return new EngineError(kind, because, { cause });
}

/** For `catch`: an error of this kind, or with this status, is none. */
const unless =
  (kind: EngineErrorKind, status?: number) =>
  (cause: unknown): undefined => {
    const isMeant =
      cause instanceof EngineError &&
      (cause.kind === kind || (status !== undefined && statusOf(cause.cause) === status));
    if (!isMeant) throw cause;
    return undefined;
  };

function understood<Value>(schema: { parse(value: unknown): Value }, value: unknown): Value {
  try {
    return schema.parse(value);
  } catch (cause) {
    throw new EngineError('refused', 'what the engine says is not understood', { cause });
  }
}
