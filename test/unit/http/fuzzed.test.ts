/** A little of `test/hostile/fuzz`, and all that was ever found by it. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fuzzed } from '../../support/fuzzer.js';
import { targets } from './fuzz-targets.js';

const SEED = Number(process.env['CUTOVER_SEED'] ?? 1);

/** Kept beside the sources: dist/test/unit/http → test/hostile/inputs. */
const folder = fileURLToPath(new URL('../../../../test/hostile/inputs/', import.meta.url));

/** One input a line, in base64. */
const inputsOf = (name: string): readonly Buffer[] =>
  readFileSync(`${folder}${name}.txt`, 'latin1')
    .split('\n')
    .filter(line => line !== '')
    .map(line => Buffer.from(line, 'base64'));

describe(`what strangers send (seed ${SEED})`, () => {
  for (const [name, target] of Object.entries(targets)) {
    const file = name.replaceAll(/\W+/g, '-');

    it(`${name}: all inputs that were ever kept hold`, () => {
      const inputs = inputsOf(file);
      expect(inputs).not.to.be.empty;
      for (const input of inputs) {
        try {
          target.judge(input);
        } catch (cause) {
          throw new Error(`does not hold: ${JSON.stringify(input.toString('latin1'))}`, { cause });
        }
      }
    });

    it(`${name}: some that nobody has ever seen hold as well`, () => {
      const { runs } = fuzzed({ ...target, seed: SEED, runs: 1000, guided: false });
      expect(runs).to.be.at.least(1000);
    });
  }

  it('is kept for no reader that is not there any more', () => {
    const known = Object.keys(targets).map(name => `${name.replaceAll(/\W+/g, '-')}.txt`);
    expect(readdirSync(folder).toSorted()).to.deep.equal(known.toSorted());
  });
});
