/** Whether containers without a health check accept connections: asked until they do, once for each start. */
import type { ServerAddress } from '../config/cluster.js';
import type { Container } from './engine.js';

export class Readiness {
  readonly #listens: (server: ServerAddress) => Promise<boolean>;
  /** Of containers that have accepted a connection: when they were started. */
  #accepted = new Map<string, string>();

  /** `listens`: bounded in time, and never rejects. */
  constructor(listens: (server: ServerAddress) => Promise<boolean>) {
    this.#listens = listens;
  }

  accepts({ id, startedAt }: Container): boolean {
    return this.#accepted.get(id) === startedAt;
  }

  /** Whoever has accepted once is asked again. */
  forget(id: string): void {
    this.#accepted.delete(id);
  }

  /** Asks those that have not accepted yet, all at once. Those that are not named here are forgotten. */
  async ask(
    candidates: readonly { readonly container: Container; readonly server: ServerAddress }[],
    all: readonly Container[],
  ): Promise<void> {
    const known = new Set(all.map(({ id }) => id));
    this.#accepted = new Map([...this.#accepted].filter(([id]) => known.has(id)));
    await Promise.all(
      candidates.map(async ({ container, server }) => {
        if (this.accepts(container) || !(await this.#listens(server))) return;
        this.#accepted.set(container.id, container.startedAt);
      }),
    );
  }
}
