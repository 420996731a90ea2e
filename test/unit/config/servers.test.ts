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

  it('may each have a zone, which does not make two of one', () => {
    const servers = [
      { ip: '10.0.0.1', port: 1, zone: 'a' },
      { ip: '10.0.0.2', port: 1 },
    ];
    const parsed = parseConfig({ cluster: { servers } });
    expect(parsed.ok && parsed.config.cluster.servers).to.deep.equal([
      { host: '10.0.0.1', port: 1, zone: 'a' },
      { host: '10.0.0.2', port: 1 },
    ]);
    expect(pathsOf([...servers, { ip: '10.0.0.1', port: 1, zone: 'b' }])).to.deep.equal([
      'cluster.servers[2]',
    ]);
    expect(pathsOf([{ ip: '10.0.0.1', port: 1, zone: '' }])).to.deep.equal([
      'cluster.servers[0].zone',
    ]);
  });

  it('are each there once, however many there are: each that is not is told', () => {
    const servers = many(MOST - 2);
    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('there are many');
    const paths = pathsOf([...servers, second, first]);
    expect(paths).to.deep.equal(['cluster.servers[254]', 'cluster.servers[255]']);
  });
});
