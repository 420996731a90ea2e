import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseConfigText } from '../../../src/config/file.js';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { configReference } from '../../../src/config/reference.js';

const root = new URL('../../../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');
const configOf = (path: string) => {
  const file = parseConfigText(textOf(path));
  if (!file.ok) throw new Error(file.problems.map(({ message }) => message).join('\n'));
  return file.config;
};

describe('documents of the configuration', () => {
  it('config.schema.json is that of the schema (node dist/src/config/print.js schema)', () => {
    expect(JSON.parse(textOf('config.schema.json'))).to.deep.equal(configJsonSchema());
  });

  it('docs/configuration.md is that of the schema (node dist/src/config/print.js reference)', () => {
    expect(textOf('docs/configuration.md')).to.equal(configReference());
  });

  it('every option has a description', () => {
    const empty = configReference()
      .split('\n')
      .filter(line => line.startsWith('| `') && /\|\s*\|$/.test(line));
    expect(empty).to.deep.equal([]);
  });

  it('examples/cutover.json needs nothing but the three sections', () => {
    expect(configOf('examples/cutover.json').cluster.version).to.equal('1.0');
  });

  it('examples/full.json names every option, each with its default', () => {
    const { proxy, cluster, limits, configService, device, security, registry, session, ...most } =
      configOf('examples/full.json');
    const { accessLog, telemetry, docker, place, ...rest } = most;
    const { otlp, ...plainTelemetry } = telemetry;
    const least = parseConfigText('{"cluster":{"servers":[{"ip":"127.0.0.1","port":9101}]}}');
    if (!least.ok) throw new Error('no problem was expected');
    const defaults = least.config;
    const { trusted, ...plainProxy } = proxy;
    const { connections, spool, ...plainLimits } = limits;
    const { token, ...plainService } = configService;
    const { control, ...plainDevice } = device;
    const { key, frontends, workers, control: believed, ...plainSecurity } = security;
    const { keys, ...plainSession } = session;
    const { socket, network, images, ...plainDocker } = docker;
    expect({ ...plainDocker, images: [] }).to.deep.equal(defaults.docker);
    expect(images).not.to.deep.equal([]);
    expect(plainProxy).to.deep.equal(defaults.proxy);
    expect(plainService).to.deep.equal(defaults.configService);
    expect(plainDevice).to.deep.equal(defaults.device);
    expect(plainSecurity).to.deep.equal(defaults.security);
    expect(plainLimits).to.deep.equal(defaults.limits);
    expect(plainTelemetry).to.deep.equal(defaults.telemetry);
    expect(place).to.have.all.keys('host', 'zone');
    expect(accessLog).to.include({ format: 'json', queries: false });
    expect(otlp).to.include({ share: 1 });
    expect(registry.kind).to.equal(defaults.registry.kind);
    expect(plainSession).to.deep.equal(defaults.session);
    expect({ ...cluster, servers: [] }).to.deep.equal({ ...defaults.cluster, servers: [] });
    expect(rest).to.deep.equal({
      rescue: defaults.rescue,
      comparison: defaults.comparison,
      monitor: defaults.monitor,
      workers: defaults.workers,
      frontends: defaults.frontends,
      timeouts: defaults.timeouts,
      log: defaults.log,
    });
    const given = [trusted, connections, spool, token, control, keys, registry.file];
    expect([...given, socket, network, key, frontends, workers, believed]).not.to.include(
      undefined,
    );
  });
});
