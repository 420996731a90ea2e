import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import type { Version } from '../../../src/versions/version.js';

describe('firstTable', () => {
  it('has one version, and the edition that every other follows', () => {
    const version: Version = {
      id: versionId('a'),
      number: '1.0',
      servers: [{ host: '127.0.0.1', port: 9101 }],
      transition: { mode: 'INSTANT' },
    };
    expect(firstTable(version)).to.deep.equal({ edition: 1, versions: [version] });
  });
});
