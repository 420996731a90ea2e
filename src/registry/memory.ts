/** A registry that ends with its process: for tests, and for who wants nothing kept. */
import { RegistryError, type Loaded, type Registry, type Stored } from './registry.js';
import { checkedBytes, decoded } from './file-format.js';

/** What several registries may share, as they would share a server. */
export interface MemoryStore {
  /** As a file would have it, so that nobody shares values with anybody. */
  bytes: Buffer | undefined;
}

export function memoryRegistry(store: MemoryStore = { bytes: undefined }): Registry {
  let known: Buffer | undefined;
  let isClosed = false;
  return {
    load: () => {
      known = store.bytes;
      return Promise.resolve(loadedFrom(known));
    },
    // Async: what is thrown is a rejection.
    // eslint-disable-next-line @typescript-eslint/require-await
    async save(state: Stored) {
      if (isClosed) throw new RegistryError('unavailable', 'the registry is closed');
      const bytes = checkedBytes(state);
      if (store.bytes !== known)
        throw new RegistryError('conflict', 'somebody else has saved since');
      store.bytes = known = bytes;
    },
    watch: () => () => undefined,
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

function loadedFrom(bytes: Buffer | undefined): Loaded {
  if (bytes === undefined) return { kind: 'empty' };
  const found = decoded(bytes);
  if (found.ok) return { kind: 'found', stored: found.stored };
  const damage = { file: 'memory', ...found.damage };
  return {
    kind: 'recovered',
    stored: undefined,
    damage,
    copy: undefined,
    previousDamage: undefined,
  };
}
