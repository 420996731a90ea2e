/** The file system of this machine, with faults. */
import type { Files, NewFile } from '../../../src/registry/files.js';
import { nodeFiles } from '../../../src/registry/files.js';

export type Fault =
  /** One step fails as the system call would; those after it do not. */
  | { readonly kind: 'error'; readonly code: string; readonly at: number }
  /** The process is killed at a step: before it, halfway (where there is a half), or after it. */
  | { readonly kind: 'crash'; readonly when: 'before' | 'halfway' | 'after'; readonly at: number };

export class Crash extends Error {
  override readonly name = 'Crash';
  // As an error of the file system, so that it takes the same ways.
  readonly code = 'CRASH';
}

export class FaultyFiles implements Files {
  /** Names of the steps that were taken. */
  readonly steps: string[] = [];
  #fault: Fault | undefined;
  #isDead = false;

  /** Counts steps anew. */
  arm(fault: Fault | undefined): void {
    this.steps.length = 0;
    this.#fault = fault;
  }

  read(path: string, limit: number) {
    return this.#step('read', () => nodeFiles.read(path, limit));
  }
  rename(from: string, to: string) {
    return this.#step('rename', () => nodeFiles.rename(from, to));
  }
  remove(path: string) {
    return this.#step('remove', () => nodeFiles.remove(path));
  }
  names(folder: string) {
    return this.#step('names', () => nodeFiles.names(folder));
  }
  syncFolder(folder: string) {
    return this.#step('syncFolder', () => nodeFiles.syncFolder(folder));
  }
  create(path: string): Promise<NewFile> {
    return this.#step('create', async () => this.#withFaults(await nodeFiles.create(path)));
  }

  async #withFaults(file: NewFile): Promise<NewFile> {
    const half = (bytes: Buffer) => bytes.subarray(0, bytes.length / 2);
    // A dead process has no descriptors either.
    if (this.#isDead) await file.close();
    return {
      write: bytes =>
        this.#step(
          'write',
          () => file.write(bytes),
          () => file.write(half(bytes)),
        ),
      sync: () => this.#step('sync', () => file.sync()),
      close: () =>
        this.#step('close', () => file.close()).catch(async (cause: unknown) => {
          await file.close().catch(() => undefined);
          throw cause;
        }),
    };
  }

  async #step<Result>(
    name: string,
    run: () => Promise<Result>,
    runHalf?: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#isDead) throw new Crash();
    const fault = this.#fault?.at === this.steps.push(name) - 1 ? this.#fault : undefined;
    if (fault === undefined) return run();
    if (fault.kind === 'error') {
      await runHalf?.(); // a full disk takes a part
      throw Object.assign(new Error(`${fault.code}: ${name}`), { code: fault.code });
    }
    this.#isDead = true;
    if (fault.when === 'halfway') await runHalf?.();
    if (fault.when === 'after') await run();
    throw new Crash();
  }
}
