/** What every registry promises, whatever it is kept in. */
import { expect } from 'chai';
import fc from 'fast-check';
import { RegistryError, type Registry, type Stored } from '../../../src/registry/registry.js';
import { anyState, first, second, third } from './states.js';

/** A place that outlives the registries that are opened on it, as a disk outlives processes. */
export interface Place {
  open(): Promise<Registry>;
  /** What another one saves that does not know of the registry under test. */
  saveBehind(state: Stored): Promise<void>;
  remove(): Promise<void>;
}

const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (cause: unknown) => (cause instanceof RegistryError ? cause.kind : cause),
  );

export function keepsItsPromises(name: string, make: () => Promise<Place>): void {
  describe(`a registry in ${name}`, () => {
    let place: Place;
    let registry: Registry;

    beforeEach(async () => {
      place = await make();
      registry = await place.open();
    });
    afterEach(async () => {
      await registry.close();
      await place.remove();
    });

    const restart = async () => {
      await registry.close();
      registry = await place.open();
    };

    it('is empty at first', async () => {
      expect(await registry.load()).to.deep.equal({ kind: 'empty' });
    });

    it('is empty still after a restart if nothing was saved', async () => {
      await registry.load();
      await restart();
      expect(await registry.load()).to.deep.equal({ kind: 'empty' });
    });

    it('finds after a restart what was saved', async () => {
      await registry.load();
      await registry.save(second);
      await restart();
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: second });
    });

    it('saves one state after the other, and finds the last', async () => {
      await registry.load();
      await registry.save(first);
      await registry.save(second);
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: second });
      await registry.save(third);
      await restart();
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: third });
    });

    it('takes saves in the order in which they were asked for, without waiting between them', async () => {
      await registry.load();
      await Promise.all([registry.save(first), registry.save(second), registry.save(third)]);
      await restart();
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: third });
    });

    it('saves into an empty place without loading first', async () => {
      await registry.save(first);
      await restart();
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: first });
    });

    it('refuses to overwrite what it has not loaded', async () => {
      await registry.save(first);
      await restart();
      expect(await kindOf(registry.save(second))).to.equal('conflict');
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: first });
    });

    it('refuses to overwrite what somebody else has saved since, until it has loaded that', async () => {
      await registry.load();
      await registry.save(first);
      await place.saveBehind(second);
      expect(await kindOf(registry.save(third))).to.equal('conflict');
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: second });
      expect(await kindOf(registry.save(third))).to.equal('done');
      await restart();
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: third });
    });

    it('refuses a state that it could not read again, and keeps the one before', async () => {
      await registry.load();
      await registry.save(first);
      const wrong = { ...first, keys: [{ id: 'k', secret: 'not base64!' }] };
      expect(await kindOf(registry.save(wrong))).to.equal('refused');
      expect(await registry.load()).to.deep.equal({ kind: 'found', stored: first });
    });

    it('saves nothing once it is closed', async () => {
      await registry.close();
      expect(await kindOf(registry.save(first))).to.equal('unavailable');
    });

    it('may be closed twice', async () => {
      await registry.close();
      await registry.close();
    });

    it('finds any state unchanged after a restart', async () => {
      await registry.load();
      await fc.assert(
        fc.asyncProperty(anyState, async state => {
          await registry.save(state);
          await restart();
          expect(await registry.load()).to.deep.equal({ kind: 'found', stored: state });
        }),
        { numRuns: 40 },
      );
    });
  });
}
