/** Tells the containers of this Cutover from those of another that uses the same engine. */
import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { systemCodeOf } from '../kernel/errors.js';

const ID = /^[0-9a-f-]{36}$/;

/**
 * The id in this file; where there is no file, or one that was cut off, a new one is written. It lies beside the
 * registry, because it belongs to the versions there. Rejects where it cannot be read or written.
 */
export async function ownerId(file: string): Promise<string> {
  const known = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (systemCodeOf(cause) === 'ENOENT') return '';
    throw cause;
  });
  if (ID.test(known.trim())) return known.trim();
  const id = randomUUID();
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(`${id}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return id;
}
