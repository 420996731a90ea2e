import { expect } from 'chai';
import {
  connectionsWithin,
  openFilesLimit,
  parseOpenFilesLimit,
} from '../../../src/kernel/limits.js';
import { StartError } from '../../../src/kernel/start-error.js';

const limits = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max processes             63432                63432                processes \n` +
  `Max open files            ${soft.padEnd(20)} 1048576              files     \n`;

describe('openFilesLimit', () => {
  it('reads the soft limit', () => expect(parseOpenFilesLimit(limits('1024'))).to.equal(1024));
  it('knows no limit', () => expect(parseOpenFilesLimit(limits('unlimited'))).to.equal(Infinity));
  it('does not guess', () => expect(parseOpenFilesLimit('nothing')).to.equal(undefined));
  it('is undefined where the system does not tell', () => {
    const missing = () => {
      throw new Error('ENOENT');
    };
    expect(openFilesLimit(missing)).to.equal(undefined);
  });
});

describe('connectionsWithin', () => {
  const rows: readonly (readonly [
    limit: number | undefined,
    wanted: number | undefined,
    connections: number,
    what: string,
  ])[] = [
    [1024, undefined, 924, 'all but the reserve'],
    [1_048_576, undefined, 60_000, 'no more than anybody needs'],
    [undefined, undefined, 60_000, 'the same where the limit is unknown'],
    [Infinity, 100_000, 100_000, 'what is configured, if there is room'],
    [10_100, 10_000, 10_000, 'what is configured, if there is just room'],
    [101, undefined, 1, 'the last one'],
  ];
  for (const [limit, wanted, connections, what] of rows) {
    it(`gives ${what}`, () => expect(connectionsWithin(limit, wanted)).to.equal(connections));
  }

  it('names both numbers and the remedies if what is configured does not fit', () => {
    expect(() => connectionsWithin(1024, 10_000)).to.throw(
      StartError,
      'the limit of open files is 1024; limits.connections 10000 needs 10100: ' +
        'raise it with ulimit -n, LimitNOFILE= or lower limits.connections',
    );
  });

  it('refuses a limit that leaves nothing', () => {
    expect(() => connectionsWithin(100, undefined)).to.throw(
      StartError,
      'the limit of open files is 100; a frontend needs 101: raise it with ulimit -n, LimitNOFILE=',
    );
  });
});
