import { expect } from 'chai';
import { parseConfig, type Config } from '../../../src/config/config.js';
import { reloadOf } from '../../../src/supervisor/reload.js';

function config(more: object = {}): Config {
  const cluster = { servers: [{ ip: 'a', port: 1 }] };
  const parsed = parseConfig({ cluster, registry: { kind: 'none' }, ...more });
  if (parsed.ok) return parsed.config;
  throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
}

describe('reloadOf', () => {
  const rows: readonly (readonly [change: object, kind: string])[] = [
    [{}, 'nothing'],
    [{ configService: { port: 1 } }, 'nothing'],
    [{ cluster: { servers: [{ ip: 'b', port: 1 }] } }, 'workers'],
    [{ cluster: { servers: [{ ip: 'a', port: 1 }], version: '1' } }, 'workers'],
    [{ workers: { count: 5 } }, 'workers'],
    [{ session: { timeout: 5 }, rescue: { hold: 0 }, comparison: { patience: 1 } }, 'workers'],
    [{ monitor: { observation: 1 } }, 'nothing'],
    [{ frontends: { count: 2 } }, 'everything'],
    [{ device: { window: 1 } }, 'everything'],
    [{ timeouts: { head: 1 } }, 'everything'],
    [{ limits: { head: 1 } }, 'everything'],
    [{ log: { level: 'debug' } }, 'everything'],
    [{ proxy: { forwarded: 'append' } }, 'everything'],
    [{ proxy: { upgrades: [] }, workers: { count: 5 } }, 'everything'],
  ];
  for (const [change, kind] of rows) {
    it(`replaces ${kind} for ${JSON.stringify(change)}`, () => {
      expect(reloadOf(config(), config(change))).to.deep.equal({ kind });
    });
  }

  const refused: readonly (readonly [change: object, what: string])[] = [
    [{ proxy: { ip: '0.0.0.0' } }, 'proxy.ip'],
    [{ proxy: { port: 1 } }, 'proxy.port'],
    [{ proxy: { backlog: 1 } }, 'proxy.backlog'],
    [{ proxy: { trusted: { ip: 'a', port: 2 } } }, 'proxy.trusted'],
    [{ device: { frontends: ['ipc://b'] } }, 'device.frontends'],
    [{ proxy: { ip: 'b', port: 1 }, workers: { count: 1 } }, 'proxy.ip, proxy.port'],
  ];
  for (const [change, what] of refused) {
    it(`refuses a change of ${what}`, () => {
      expect(reloadOf(config(), config(change))).to.deep.equal({
        kind: 'refused',
        because: `${what} cannot change without a restart`,
      });
    });
  }

  const besideControl: readonly (readonly [change: object, what: string])[] = [
    [{ registry: { file: '/b' } }, 'registry'],
    [{ configService: { port: 1 } }, 'configService'],
    [{ session: { timeout: 5 } }, 'session'],
    [{ monitor: { observation: 1 } }, 'monitor'],
    [{ device: { control: 'ipc://b' } }, 'device.control'],
    [{ cluster: { servers: [{ ip: 'b', port: 1 }] } }, 'cluster (beside control'],
  ];
  for (const [change, what] of besideControl) {
    it(`refuses a change of ${what} beside control`, () => {
      const registry = { file: '/a' };
      const reload = reloadOf(config({ registry }), config({ registry, ...change }));
      expect(reload).to.have.property('because').that.contains(what);
    });
  }

  it('refuses to begin or end control, and lets workers change beside it', () => {
    expect(reloadOf(config(), config({ registry: {} }))).to.have.property('kind', 'refused');
    expect(reloadOf(config({ registry: {} }), config())).to.have.property('kind', 'refused');
    const more = config({ registry: {}, rescue: { hold: 0 } });
    expect(reloadOf(config({ registry: {} }), more)).to.deep.equal({ kind: 'workers' });
  });

  it('refuses another number of frontends where their addresses are configured', () => {
    const device = { frontends: ['ipc://a', 'ipc://b'] };
    expect(reloadOf(config({ device }), config({ device, frontends: { count: 2 } }))).to.include({
      kind: 'refused',
    });
  });
});
