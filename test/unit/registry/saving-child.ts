/** Saves one edition after the other into the file it is told, and prints each that is saved. */
import { writeSync } from 'node:fs';
import { openFileRegistry } from '../../../src/registry/file.js';
import { first } from '../../contract/registry/states.js';

const registry = await openFileRegistry(process.argv[2] ?? '');
const loaded = await registry.load();
const last = loaded.kind === 'found' ? loaded.stored.table.edition : 0;
for (let edition = last + 1; ; edition++) {
  await registry.save({ ...first, table: { ...first.table, edition } });
  writeSync(1, `${edition}\n`);
}
