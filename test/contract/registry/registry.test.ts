import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFiles, replace } from '../../../src/registry/files.js';
import { checkedBytes } from '../../../src/registry/file-format.js';
import { openFileRegistry } from '../../../src/registry/file.js';
import { memoryRegistry, type MemoryStore } from '../../../src/registry/memory.js';
import { keepsItsPromises, type Place } from './contract.js';

const places: Readonly<Record<string, () => Promise<Place>>> = {
  async file() {
    const folder = await mkdtemp(join(tmpdir(), 'registry-'));
    const file = join(folder, 'registry.json');
    return {
      open: () => openFileRegistry(file),
      saveBehind: state => replace(nodeFiles, file, checkedBytes(state)),
      remove: () => rm(folder, { recursive: true }),
    };
  },
  memory() {
    const store: MemoryStore = { bytes: undefined };
    return Promise.resolve({
      open: () => Promise.resolve(memoryRegistry(store)),
      async saveBehind(state) {
        const other = memoryRegistry(store);
        await other.load();
        await other.save(state);
      },
      remove: () => Promise.resolve(),
    });
  },
};

for (const [name, make] of Object.entries(places)) keepsItsPromises(name, make);
