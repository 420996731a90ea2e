import { expect } from 'chai';
import { nearest } from '../../../src/config/nearest.js';

describe('the nearest known name', () => {
  const known = ['proxy', 'port', 'workers', 'timeouts'];
  for (const [typed, meant] of [
    ['porxy', 'proxy'], // two letters swapped are one slip
    ['prot', 'port'],
    ['workesr', 'workers'],
    ['prt', 'port'],
    ['PROXY', 'proxy'],
    ['tropp', undefined],
    ['x', undefined],
  ] as const) {
    it(`of ${typed} is ${String(meant)}`, () => {
      expect(nearest(typed, known)).to.equal(meant);
    });
  }
});
