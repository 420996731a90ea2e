/** Where what control has learned is kept. */
import type { Cancel } from '../kernel/clock.js';
import { nodeFiles, replace, type Files } from '../registry/files.js';

export interface LearnedPlace {
  /** For people. */
  readonly name: string;
  /** The first `limit` bytes at most, or a failure; undefined: there is nothing. */
  read(limit: number): Promise<Buffer | undefined>;
  /** False: it takes too much room here. */
  write(bytes: Buffer): Promise<boolean>;
  /** Calls `changed` when another control may have written; missing: none ever does. */
  watch?(changed: () => void): Cancel;
}

/** The folder is not synced: after a loss of power an older one may be there. */
export const fileOf = (path: string, files: Files = nodeFiles): LearnedPlace => ({
  name: path,
  read: limit => files.read(path, limit),
  async write(bytes) {
    await replace(files, path, bytes);
    return true;
  },
});
