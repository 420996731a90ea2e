import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Ending = () => unknown;

/**
 * What a test has set up: processes, servers, folders. It is taken down in the reverse order,
 * whatever became of the test, and what cannot be taken down keeps nothing else standing.
 */
export class Stage {
  readonly #endings: Ending[] = [];

  /** Runs `end` when the stage is cleared; the last one added runs first. */
  atEnd(end: Ending): void {
    this.#endings.push(end);
  }

  /** A folder for this stage alone. Its path is short: a path of `ipc://` may have 107 bytes. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'cutover-test-'));
    this.atEnd(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  async clear(): Promise<void> {
    const faults: unknown[] = [];
    for (let end = this.#endings.pop(); end !== undefined; end = this.#endings.pop()) {
      try {
        await end();
      } catch (cause) {
        faults.push(cause);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, 'the stage could not be cleared');
  }
}

/** A stage that is cleared after each test of the surrounding `describe`. */
export function stageForEach(): Stage {
  const stage = new Stage();
  afterEach(() => stage.clear());
  return stage;
}

/** A stage that stands for all tests of the surrounding `describe`. */
export function stageForAll(): Stage {
  const stage = new Stage();
  after(() => stage.clear());
  return stage;
}
