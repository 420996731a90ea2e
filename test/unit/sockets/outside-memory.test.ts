import { expect } from 'chai';
import { constants, PerformanceObserver, type NodeGCPerformanceDetail } from 'node:perf_hooks';
import { liesOutside } from '../../../src/sockets/outside-memory.js';

const MiB = 1024 * 1024;

describe('memory outside of the heap', () => {
  let observer: PerformanceObserver;
  const kinds: unknown[] = [];

  beforeEach(() => {
    kinds.length = 0;
    observer = new PerformanceObserver(list => {
      const entries = list.getEntries() as unknown as { detail: NodeGCPerformanceDetail }[];
      kinds.push(...entries.map(({ detail }) => detail.kind));
    });
    observer.observe({ entryTypes: ['gc'] });
  });

  afterEach(() => observer.disconnect());

  /** Collections between now and then that are of the young objects. */
  const collections = async (): Promise<number> => {
    await new Promise(resolve => setImmediate(resolve)); // entries are handed over in a later turn
    await new Promise(resolve => setImmediate(resolve));
    return kinds.filter(kind => kind === constants.NODE_PERFORMANCE_GC_MINOR).length;
  };

  it('has the young objects collected for every 4 MiB of large messages', async () => {
    const piece = Buffer.alloc(64 * 1024);
    for (let bytes = 0; bytes < 40 * MiB; bytes += piece.length) liesOutside(piece);
    expect(await collections()).to.be.within(10, 15); // V8 may do so by itself
  });

  it('leaves small messages to V8', async () => {
    const piece = Buffer.alloc(4095);
    for (let bytes = 0; bytes < 40 * MiB; bytes += piece.length) liesOutside(piece);
    expect(await collections()).to.be.below(3);
  });
});
