import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../../src/config/config.js';
import { refusals } from '../../../src/containers/containers.js';
import { isAllowed } from '../../../src/containers/wanted.js';
import { putBody } from '../../../src/control/put-body.js';

const servers = [{ ip: '127.0.0.1', port: 9101 }];
const parse = (docker: unknown) => parseConfig({ cluster: { servers }, docker });
const docker = (value: object) => {
  const parsed = parse(value);
  return parsed.ok ? parsed.config.docker : expect.fail(JSON.stringify(parsed.problems));
};

describe('the section docker', () => {
  it('asks no engine, and starts nothing, where nobody says so', () => {
    const parsed = parseConfig({ cluster: { servers } });
    expect(parsed)
      .to.have.nested.property('config.docker')
      .that.deep.equals({ images: [], patience: 240 });
  });

  for (const socket of ['/var/run/docker.sock', 'tcp://10.0.0.1:2375', 'tcp://[::1]:2375']) {
    it(`takes ${socket}`, () => expect(docker({ socket }).socket).to.equal(socket));
  }

  for (const socket of [
    'docker.sock',
    'unix:///run/docker.sock',
    'tcp://host',
    'http://host:1',
    '',
  ]) {
    it(`refuses ${socket || 'nothing'} as its socket`, () => {
      expect(parse({ socket })).to.have.nested.property('problems[0].path', 'docker.socket');
    });
  }
});

describe('docker.images', () => {
  for (const { image, allowed, is } of [
    { image: 'example.com/shop/app', allowed: ['example.com/shop/'], is: true },
    { image: 'example.com/shop/app', allowed: ['example.com/shop/app'], is: true },
    { image: 'example.com/shopping/app', allowed: ['example.com/shop/'], is: false },
    { image: 'example.com/shop/app-2', allowed: ['example.com/shop/app'], is: false },
    { image: 'evil.com/example.com/shop/app', allowed: ['example.com/shop/'], is: false },
    { image: 'nginx', allowed: [], is: false },
  ]) {
    it(`${is ? 'allows' : 'does not allow'} ${image} by ${allowed.join(', ') || 'nothing'}`, () => {
      expect(isAllowed(image, allowed)).to.equal(is);
    });
  }

  for (const { image, name, folder } of [
    { image: 'app', name: true, folder: true },
    { image: 'shop/app_2.x--y', name: true, folder: true },
    { image: 'registry.example.com/shop/app', name: true, folder: true },
    { image: 'localhost:5000/shop/app', name: true, folder: true },
    { image: 'shop/', name: false, folder: true },
    { image: 'localhost:5000/shop/', name: false, folder: true },
    { image: 'shop//', name: false, folder: false },
    { image: '/shop', name: false, folder: false },
    { image: 'shop//app', name: false, folder: false },
    { image: 'shop/../app', name: false, folder: false },
    { image: 'shop/./app', name: false, folder: false },
    { image: 'shop/.app', name: false, folder: false },
    { image: 'shop/app-', name: false, folder: false },
    { image: 'app:1', name: false, folder: false },
    { image: '.:5000/app', name: false, folder: false },
    { image: 'a'.repeat(256), name: false, folder: false },
  ]) {
    const taken = [...(name ? ['as an image'] : []), ...(folder ? ['in docker.images'] : [])];
    it(`takes ${image.slice(0, 40)} ${taken.join(' and ') || 'nowhere'}`, () => {
      const cluster = { containers: { image, portToProxy: 80 } };
      expect(putBody.safeParse({ cluster }).success).to.equal(name);
      expect(parse({ socket: '/s', images: [image] }).ok).to.equal(folder);
    });
  }

  for (const { section, count, message } of [
    { section: {}, count: 1, message: 'no engine is configured (docker.socket)' },
    { section: { socket: '/s' }, count: 1, message: 'docker.images allows (none so far)' },
    {
      section: { socket: '/s', images: ['app'], network: 'host' },
      count: 2,
      message: 'cluster.containers.count: expected 1, because docker.network is host',
    },
  ]) {
    it(`says: ${message}`, () => {
      const [problem] = refusals('app', count, docker(section));
      expect(problem?.message).to.contain(message);
    });
  }
});

describe('the body of a PUT', () => {
  const containers = { image: 'app', portToProxy: 80 };
  for (const { cluster, path } of [
    { cluster: {}, path: 'servers' },
    { cluster: { servers, containers }, path: 'containers' },
    { cluster: { containers: { ...containers, image: 'App' } }, path: 'containers.image' },
    { cluster: { containers: { ...containers, image: 'app:1' } }, path: 'containers.image' },
    { cluster: { containers: { ...containers, tag: 'a b' } }, path: 'containers.tag' },
    { cluster: { containers: { ...containers, count: 65 } }, path: 'containers.count' },
    { cluster: { containers: { image: 'app' } }, path: 'containers.portToProxy' },
    {
      cluster: { containers: { ...containers, environment: ['A=1', 'A=2'] } },
      path: 'containers.environment.1',
    },
    { cluster: { servers }, path: undefined },
    { cluster: { containers }, path: undefined },
  ]) {
    it(`has ${path === undefined ? 'no problem' : `one at ${path}`} with ${JSON.stringify(cluster)}`, () => {
      const { success, error } = putBody.safeParse({ cluster });
      expect(success).to.equal(path === undefined);
      const paths = error?.issues.map(issue => issue.path.join('.')) ?? [];
      expect(paths).to.deep.equal(path === undefined ? [] : [`cluster.${path}`]);
    });
  }
});

describe('examples/compose.json', () => {
  it('has no problems', () => {
    const file = fileURLToPath(new URL('../../../../examples/compose.json', import.meta.url));
    expect(parseConfig(JSON.parse(readFileSync(file, 'utf8')))).to.have.property('ok', true);
  });
});
