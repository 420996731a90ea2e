import { expect } from 'chai';
import { parseConfig } from '../../../src/config/config.js';

describe('the servers of a configured version', () => {
  const MOST = 256;
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ip: '10.0.0.1', port: at + 1 }));
  const pathsOf = (servers: readonly object[]) => {
    const parsed = parseConfig({ cluster: { servers } });
    return parsed.ok ? [] : parsed.problems.map(({ path }) => path);
  };

  it(`are ${MOST} at most`, () => {
    expect(pathsOf(many(MOST))).to.deep.equal([]);
    expect(pathsOf(many(MOST + 1))).to.deep.equal(['cluster.servers']);
  });

  it('are each there once, however many there are: each that is not is told', () => {
    const servers = many(MOST - 2);
    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('there are many');
    const paths = pathsOf([...servers, second, first]);
    expect(paths).to.deep.equal(['cluster.servers[254]', 'cluster.servers[255]']);
  });
});
