import { expect } from 'chai';
import { isForegroundIn } from '../../../src/cli/foreground.js';

describe('isForegroundIn', () => {
  const rows = [
    { stat: '41 (node) S 40 41 40 34816 41 4194304', is: true },
    { stat: '41 (node) S 40 41 40 34816 40 4194304', is: false }, // the shell has the terminal
    { stat: '41 (node) S 40 41 40 0 -1 4194304', is: false }, // no terminal
    { stat: '41 (a) S 1 2) (b) S 40 41 40 34816 41 4194304', is: true },
    { stat: '', is: false },
  ];
  for (const { stat, is } of rows)
    it(`says ${is} of ${JSON.stringify(stat)}`, () => expect(isForegroundIn(stat)).to.equal(is));
});
