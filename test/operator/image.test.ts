/** The image, built by the Dockerfile and run: every role of Cutover in a container of its own. */
import { expect } from 'chai';
import { freePort } from '../../bench/system/free-port.js';
import { asked } from '../support/fake-containers.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/within.js';
import { cutoverImage, demoImage, describeWithEngine } from './real-engine.js';

describeWithEngine('the image', real => {
  before(() => real().buildCutover());
  const config = '/etc/cutover.json';
  const ports = { proxy: 0, configService: 0, device: 0, control: 0, app: 0 };

  async function run(name: string, ...args: readonly string[]): Promise<void> {
    await real().podman(
      ...['run', '-d', '--pull=never', '--no-healthcheck', '--network', 'host', '--name', name],
      ...['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'],
      ...['-v', `${join(real().folder, 'cutover.json')}:${config}:ro`],
      ...args,
    );
  }
  const role = (name: string, ...args: readonly string[]) =>
    run(name, cutoverImage, ...args, '-c', config);

  /** What HEALTHCHECK asks; engines that keep no time are asked by hand. */
  const health = (name: string) =>
    real()
      .podman('exec', name, 'node', '/cutover/dist/src/healthcheck/main.js')
      .then(
        () => 'well',
        (cause: unknown) => (cause as { readonly stdout: string }).stdout.trim(),
      );

  it('says what it can do, as somebody who is not root', async () => {
    const podman = (...args: readonly string[]) =>
      real().podman('run', '--rm', '--pull=never', '--no-healthcheck', ...args);
    expect(await podman(cutoverImage)).to.match(/cutover up/);
    expect(await podman('--entrypoint', 'id', cutoverImage, '-u')).to.equal('1000');
  });

  it('runs every role in a container of its own, which tell how they are, and drain when they are stopped', async () => {
    for (const each of Object.keys(ports) as (keyof typeof ports)[]) ports[each] = await freePort();
    const at = (port: number) => ({ ip: '127.0.0.1', port });
    await writeFile(
      join(real().folder, 'cutover.json'),
      JSON.stringify({
        proxy: at(ports.proxy),
        configService: at(ports.configService),
        cluster: { servers: [at(ports.app)], version: '1.0' },
        device: {
          frontends: [`tcp://127.0.0.1:${String(ports.device)}`],
          control: `tcp://127.0.0.1:${String(ports.control)}`,
        },
        registry: { file: '/var/lib/cutover/registry.json' },
      }),
    );
    await run('app', '-e', `PORT=${String(ports.app)}`, demoImage);
    await role('worker', 'worker');
    await eventually('the worker waits', async () =>
      (await real().podman('logs', 'worker')).includes('worker-waiting'),
    );
    expect(await health('worker')).to.equal('the worker is connected to no frontend');
    await role('frontend', 'frontend');
    await role('control', 'control');
    for (const each of ['worker', 'frontend', 'control']) {
      let last = '';
      await eventually(
        `${each} is well`,
        async () => (last = await health(each)) === 'well',
        30_000,
      ).catch((cause: unknown) => expect.fail(`${String(cause)}: ${last}`));
    }
    await eventually('the application answers', async () =>
      (await asked(ports.proxy)).startsWith('200 Hello'),
    );

    for (const each of ['worker', 'frontend', 'control']) {
      await real().podman('stop', '-t', '20', each);
      const code = await real().podman('inspect', '--format', '{{.State.ExitCode}}', each);
      expect(code, each).to.equal('0');
    }
  });
});
