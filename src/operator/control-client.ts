/** Speaks to control's REST API for the operator's verbs; what goes wrong is said in words for people. */
import type { z } from 'zod';
import { messageOf } from '../kernel/errors.js';
import { accepted, refused, shownVersions, type ShownVersion } from './shown-version.js';

/** What a verb could not do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
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

export class ControlClient {
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  /** Newest first. */
  versions(): Promise<readonly ShownVersion[]> {
    return this.#call('GET', '/configuration/cluster', shownVersions);
  }

  /** `cluster` is checked by control. Returns the id of the new version. */
  async deploy(cluster: unknown): Promise<string> {
    return (await this.#call('PUT', '/configuration/cluster', accepted, { cluster })).id;
  }

  async remove(id: string): Promise<void> {
    await this.#call('DELETE', `/configuration/cluster/${encodeURIComponent(id)}`, accepted);
  }

  async tell(id: string, verb: Verb): Promise<void> {
    await this.#call('POST', `/configuration/cluster/${encodeURIComponent(id)}/${verb}`, accepted);
  }

  async #call<Answer>(
    method: string,
    path: string,
    schema: z.ZodType<Answer>,
    body?: unknown,
  ): Promise<Answer> {
    const { status, value } = await this.#asked(method, path, body);
    if (status >= 400) throw new OperatorError(refusalIn(status, value));
    const { success, data } = schema.safeParse(value);
    if (success) return data;
    throw new OperatorError(
      `${this.#options.url} gave an answer (${status}) that is not control's`,
    );
  }

  async #asked(method: string, path: string, body: unknown) {
    const { url, token, timeout = 10_000 } = this.#options;
    try {
      const answer = await fetch(new URL(path, url), {
        method,
        redirect: 'error', // a token goes nowhere else
        signal: AbortSignal.timeout(timeout),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, value: jsonIn(await answer.text()) };
    } catch (cause) {
      throw new OperatorError(`control is not reachable at ${url}: ${reasonOf(cause)}`, { cause });
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

function refusalIn(status: number, value: unknown): string {
  const { success, data } = refused.safeParse(value);
  if (!success) return `control answered ${status}`;
  const { error, problems = [] } = data;
  if (problems.length === 0) return error;
  return ['control refused it:', ...problems.map(({ message }) => `  ${message}`)].join('\n');
}
