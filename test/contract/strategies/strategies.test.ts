import { expect } from 'chai';
import fc from 'fast-check';
import { versionId } from '../../../src/kernel/ids.js';
import type { NonEmpty } from '../../../src/kernel/non-empty.js';
import type { Version } from '../../../src/versions/version.js';
import { instant } from '../../../workers/strategies/instant.js';
import type { Strategy } from '../../../workers/strategies/strategy.js';

/** Every strategy stands here, and keeps these promises. */
const strategies: Readonly<Record<string, Strategy>> = { instant };

const version: fc.Arbitrary<Version> = fc.record({
  id: fc.uuid().map(versionId),
  number: fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 3 }).map(each => each.join('.')),
  servers: fc.constant([{ host: '127.0.0.1', port: 9101 }] as const),
  transition: fc.constant({ mode: 'INSTANT' } as const),
});

const versions = fc
  .uniqueArray(version, { minLength: 1, maxLength: 6, selector: ({ id }) => id })
  .map(each => each as unknown as NonEmpty<Version>);

for (const [name, strategy] of Object.entries(strategies)) {
  describe(`strategy ${name}`, () => {
    it('decides for a version that may serve', () => {
      fc.assert(
        fc.property(versions, each => {
          expect(each).to.include(strategy({ versions: each }).version);
        }),
      );
    });

    it('decides the same when it is asked again', () => {
      fc.assert(
        fc.property(versions, each => {
          expect(strategy({ versions: each })).to.deep.equal(strategy({ versions: each }));
        }),
      );
    });

    it('changes nothing', () => {
      fc.assert(
        fc.property(versions, each => {
          const before = structuredClone(each);
          strategy({ versions: Object.freeze(each) });
          expect(each).to.deep.equal(before);
        }),
      );
    });

    it('has no choice where there is one version', () => {
      fc.assert(
        fc.property(version, only => {
          expect(strategy({ versions: [only] }).version).to.equal(only);
        }),
      );
    });
  });
}

describe('strategy instant', () => {
  it('sends everybody to the newest', () => {
    fc.assert(
      fc.property(versions, each => {
        expect(instant({ versions: each })).to.deep.equal({ kind: 'one', version: each[0] });
      }),
    );
  });
});
