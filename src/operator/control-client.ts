/** Speaks to control's REST API for the operator's verbs; what goes wrong is said in words for people. */
import type { z } from 'zod';
import { messageOf } from '../kernel/errors.js';
import { shownLive, type ShownLive } from './live/shown-live.js';
import {
  accepted,
  events,
  refused,
  rotated,
  shownVersion,
  shownVersions,
  spread,
  why,
  type ShownEvent,
  type ShownSpread,
  type ShownVersion,
  type Why,
} from './shown-version.js';

/** `unreachable`: it may be back soon. `unknown`: control knows nothing by this name. */
export type Failure = 'unreachable' | 'unknown' | 'other';

/** What a verb could not do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly failure: Failure;

  constructor(message: string, failure: Failure = 'other', options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

export type Verb = 'pause' | 'resume' | 'promote' | 'abort';

export interface ControlClientOptions {
  /** `http://127.0.0.1:9090` */
  readonly url: string;
  /** Bearer token. */
  readonly token: string | undefined;
  /** Milliseconds for one call. Default: 10,000. */
  readonly timeout?: number;
}

interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Milliseconds; never more than `timeout` of the options. */
  readonly within?: number;
  /** Milliseconds, instead of `timeout`. */
  readonly patience?: number;
}

/** Milliseconds: to pull an image and start it takes as long as control lets it (`docker.patience`). */
const CONTAINERS_PATIENCE = 3_600_000;

const CLUSTERS = '/configuration/cluster';
const at = (id: string, more = '') => `${CLUSTERS}/${encodeURIComponent(id)}${more}`;

export class ControlClient {
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  /** Newest first. */
  versions(): Promise<readonly ShownVersion[]> {
    return this.#call({ method: 'GET', path: CLUSTERS }, shownVersions);
  }

  /** `within`: milliseconds for the answer. */
  version(id: string, within: number): Promise<ShownVersion> {
    return this.#call({ method: 'GET', path: at(id), within }, shownVersion);
  }

  /** How far the newest table has spread, and who of several controls leads. */
  spread(): Promise<ShownSpread> {
    return this.#call({ method: 'GET', path: '/configuration' }, spread);
  }

  /** What is happening now. */
  live(): Promise<ShownLive> {
    return this.#call({ method: 'GET', path: '/live' }, shownLive);
  }

  why(id: string): Promise<Why> {
    return this.#call({ method: 'GET', path: at(id, '/why') }, why);
  }

  /** Oldest first. */
  events(): Promise<readonly ShownEvent[]> {
    return this.#call({ method: 'GET', path: '/events' }, events);
  }

  /** `cluster` is checked by control. Returns the id of the new version. */
  async deploy(cluster: unknown): Promise<string> {
    const hasContainers =
      typeof cluster === 'object' && cluster !== null && 'containers' in cluster;
    const call: Call = {
      method: 'PUT',
      path: CLUSTERS,
      body: { cluster },
      ...(hasContainers && { patience: CONTAINERS_PATIENCE }),
    };
    return (await this.#call(call, accepted)).id;
  }

  async remove(id: string): Promise<void> {
    await this.#call({ method: 'DELETE', path: at(id) }, accepted);
  }

  async tell(id: string, verb: Verb): Promise<void> {
    await this.#call({ method: 'POST', path: at(id, `/${verb}`) }, accepted);
  }

  /** Returns the edition under which the new key is known. */
  async rotateKeys(): Promise<number> {
    const call = { method: 'POST', path: '/configuration/keys/rotate' } as const;
    return (await this.#call(call, rotated)).edition;
  }

  async #call<Answer>(call: Call, schema: z.ZodType<Answer>): Promise<Answer> {
    const { status, value } = await this.#asked(call);
    if (status >= 400) throw refusal(status, value);
    const { success, data } = schema.safeParse(value);
    if (success) return data;
    throw new OperatorError(
      `${this.#options.url} gave an answer (${status}) that is not control's`,
    );
  }

  async #asked({ method, path, body, within = Infinity, patience }: Call) {
    const { url, token, timeout = 10_000 } = this.#options;
    try {
      const answer = await fetch(new URL(path, url), {
        method,
        redirect: 'error', // a token goes nowhere else
        signal: AbortSignal.timeout(Math.ceil(Math.min(patience ?? timeout, within))),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, value: jsonIn(await answer.text()) };
    } catch (cause) {
      const because = `control is not reachable at ${url}: ${reasonOf(cause)}`;
      throw new OperatorError(because, 'unreachable', { cause });
    }
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** fetch says only that it failed; why stands behind it. */
const reasonOf = (cause: unknown) =>
  messageOf(cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause);

function refusal(status: number, value: unknown): OperatorError {
  const { success, data } = refused.safeParse(value);
  if (!success) return new OperatorError(`control answered ${status}`);
  const { error, problems = [] } = data;
  if (problems.length === 0) return new OperatorError(error, status === 404 ? 'unknown' : 'other');
  const lines = problems.map(({ message }) => `  ${message}`);
  return new OperatorError(['control refused it:', ...lines].join('\n'));
}
