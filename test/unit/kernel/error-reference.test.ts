import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { errorReference } from '../../../src/kernel/error-reference.js';
import { errorCodes } from '../../../src/kernel/errors.js';

describe('docs/errors.md', () => {
  it('is that of the table of errors (npm run docs)', () => {
    const file = new URL('../../../../docs/errors.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).to.equal(errorReference());
  });

  it('has one row for each code', () => {
    const rows = errorReference()
      .split('\n')
      .filter(line => line.startsWith('| `ERR_'));
    expect(rows).to.have.length(errorCodes.length);
  });
});
