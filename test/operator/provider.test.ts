/** The whole of it with a real engine: its containers come and go while clients are served. */
import { expect } from 'chai';
import { freePort } from '../../bench/system/free-port.js';
import { asked } from '../support/fake-containers.js';
import { stageForEach } from '../support/stage.js';
import { upgradable, type Upgradable } from '../support/upgradable.js';
import { eventually } from '../support/within.js';
import { describeWithEngine, demoImage } from './real-engine.js';

describeWithEngine('Cutover with a real engine', real => {
  const stage = stageForEach();
  afterEach(() => real().podman('rm', '-fa', '-t', '0'));

  /** As `docker run`: in the host's network, where each has a port of its own. */
  async function run(name: string, version: string, labels: readonly string[] = []) {
    const port = await freePort();
    await real().podman(
      ...['run', '-d', '--pull=never', '--no-healthcheck', '--network', 'host', '--name', name],
      ...['-e', `PORT=${String(port)}`, '-e', `VERSION=${version}`],
      ...labels.flatMap(each => ['--label', `cutover.${each}`]),
      ...(labels.length === 0 ? [] : ['--label', `cutover.port=${String(port)}`]),
      demoImage,
    );
    return { ip: '127.0.0.1', port };
  }

  async function running(): Promise<Upgradable> {
    const { socket } = real();
    return upgradable(stage, [await run('app-1', '1.0')], {
      docker: { socket, network: 'host', images: ['localhost/'], patience: 30 },
      timeouts: { drain: 1 },
    });
  }

  /** Asks on until this version answers; whoever answers before must answer well. */
  const served = (port: number, version: string) =>
    eventually(
      `version ${version} answers`,
      async () => {
        const answer = await asked(port);
        expect(answer).to.match(/^200 Hello from version/);
        return answer.includes(`version ${version} `);
      },
      30_000,
    );

  it('serves labelled containers while they are there, and the version before when they are stopped', async () => {
    const at = await running();
    await served(at.port, '1.0');
    await run('app-2', '2.0', ['version=2.0']);
    await served(at.port, '2.0');
    await run('app-3', '2.0', ['version=2.0']);
    await eventually('it has two servers', async () => {
      const [newest] = await at.api.versions();
      return newest?.servers.length === 2;
    });
    await real().podman('stop', '-t', '5', 'app-2');
    await eventually('it has one', async () => (await at.api.versions())[0]?.servers.length === 1);
    await served(at.port, '2.0');
    await real().podman('stop', '-t', '5', 'app-3');
    await eventually('its version has gone', async () => (await at.api.versions()).length === 1);
    await served(at.port, '1.0');
  });

  it('starts the containers of a PUT, serves them, and removes them with their cluster', async () => {
    const at = await running();
    const port = await freePort();
    const { status, body } = await at.api.call('PUT', '/configuration/cluster', {
      cluster: {
        version: '3.0',
        containers: {
          image: 'localhost/cutover-demo',
          tag: 'test',
          portToProxy: port,
          environment: [`PORT=${String(port)}`, 'VERSION=3.0'],
        },
      },
    });
    expect(status, JSON.stringify(body)).to.equal(202);
    await served(at.port, '3.0');
    const names = await real().podman('ps', '--format', '{{.Names}}');
    expect(names).to.match(/cutover-3\.0-[0-9a-f]{8}-1/);
    expect(await at.api.remove((body as { id: string }).id)).to.equal(202);
    await served(at.port, '1.0');
    await at.cutover.logged('container-removed', { ms: 30_000 });
    expect(await real().podman('ps', '-a', '--format', '{{.Names}}')).to.equal('app-1');
  });
});
