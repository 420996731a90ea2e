import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { parseConfig } from '../../src/config/config.js';
import { counting, expectedAnswer, httpContainer } from '../support/containers.js';
import { cli, configFor, CutoverProcess, homeFor } from '../support/processes.js';
import { freePort } from '../support/scripted-container.js';
import { stageForEach, type Stage } from '../support/stage.js';
import { itWith } from '../support/tools.js';
import { eventually } from '../support/within.js';

/** The units in packaging/systemd, and the activation that they rely on; systemd itself need not run. */

const packaged = fileURLToPath(new URL('../../../packaging/systemd', import.meta.url));
/** Drop-ins for these, and units beside them. */
const threeHosts = fileURLToPath(new URL('../../../examples/three-hosts/systemd', import.meta.url));

/** Of 100; systemd calls what is below 20 "OK", and most services of a distribution have 90. */
const MOST_EXPOSURE = '20';

const isUnit = (name: string) => /\.(?:service|socket)$/.test(name);
const isService = (name: string) => name.endsWith('.service');

const units = (await readdir(packaged)).filter(isUnit);
const services = units.filter(isService);
const unitsOfThree = [...units, ...(await readdir(threeHosts)).filter(isUnit)];

/** A copy in which Node stands where another program is: systemd looks. */
async function unitsIn(
  { folder }: { readonly folder: string },
  ...from: readonly string[]
): Promise<string> {
  const copies = join(folder, 'units');
  for (const each of from) await cp(each, copies, { recursive: true });
  for (const name of await readdir(copies, { recursive: true })) {
    if (!/\.(?:service|conf)$/.test(name)) continue;
    const text = await readFile(join(copies, name), 'utf8');
    const program = text.replaceAll(/\/usr\/(?:local\/)?bin\/(?:cutover|etcd)/g, process.execPath);
    await writeFile(join(copies, name), program);
  }
  return copies;
}

/** What it says, on both outputs. Throws where it ends with anything but 0. */
async function analyzed(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)('systemd-analyze', args, { cwd: folder });
  return stdout + stderr;
}

describe('system: systemd', () => {
  const stage: Stage = stageForEach();

  for (const unit of units) {
    itWith('systemd-analyze', `finds nothing wrong in ${unit}`, async () => {
      const folder = await unitsIn(await homeFor(stage, {}), packaged);
      expect(await analyzed(folder, 'verify', `./${unit}`)).to.equal('');
    });
  }

  for (const service of services) {
    itWith('systemd-analyze', `finds ${service} well shut in`, async () => {
      const folder = await unitsIn(await homeFor(stage, {}), packaged);
      const options = ['--offline=yes', `--threshold=${MOST_EXPOSURE}`, '--no-pager'];
      expect(await analyzed(folder, 'security', ...options, `./${service}`)).to.include('OK');
    });
  }

  for (const unit of unitsOfThree) {
    itWith('systemd-analyze', `finds nothing wrong in ${unit} of one host of three`, async () => {
      const folder = await unitsIn(await homeFor(stage, {}), packaged, threeHosts);
      expect(await analyzed(folder, 'verify', `./${unit}`)).to.equal('');
      if (!isService(unit)) return;
      const options = ['--offline=yes', `--threshold=${MOST_EXPOSURE}`, '--no-pager'];
      expect(await analyzed(folder, 'security', ...options, `./${unit}`)).to.include('OK');
    });
  }

  itWith('etcd', 'starts etcd with options that it knows', async () => {
    const unit = await readFile(join(threeHosts, 'cutover-etcd.service'), 'utf8');
    const { stdout } = await promisify(execFile)('etcd', ['--help']);
    const known = [...stdout.matchAll(/--[\w-]+/g)].map(([option]) => option);
    const used = [...unit.matchAll(/ (--[\w-]+)/g)].map(([, option]) => option);
    expect(used).to.have.lengthOf.above(10);
    expect(known).to.include.members(used);
  });

  for (const service of services) {
    it(`${service} is given longer to end than it takes to drain`, async () => {
      const unit = await readFile(join(packaged, service), 'utf8');
      const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
      const parsed = parseConfig({ cluster: { servers: [{ ip: '127.0.0.1', port: 1 }] } });
      if (!parsed.ok) throw new Error('no problem was expected');
      const { drain, drainTunnel } = parsed.config.timeouts;
      expect(seconds).to.be.above(Math.max(drain, drainTunnel));
    });
  }

  itWith(
    'systemd-socket-activate',
    'begins a frontend with the first connection, which is answered',
    async () => {
      const container = await httpContainer(stage, counting({ name: 'v1' }).listener);
      const home = await homeFor(stage, {});
      const proxy = await freePort();
      const at = `${proxy.ip}:${proxy.port}`;
      const frontends = [`ipc://${home.folder}/device`];
      await home.write(configFor([container], { proxy, device: { frontends } }));
      const worker = new CutoverProcess(stage, ['worker', '-c', home.file], home);
      await worker.logged('worker-waiting');
      const activate = ['systemd-socket-activate', `--listen=${at}`, '--fdname=proxy'] as const;
      const frontend = new CutoverProcess(stage, ['frontend', '-c', home.file], {
        ...home,
        command: [...activate, process.execPath, cli],
      });
      await eventually('systemd listens', () => frontend.errors.includes('Listening on'));
      expect(frontend.lines, 'nobody has connected yet').to.deep.equal([]);
      const answer = await fetch(`http://${at}/`, { headers: { 'x-id': 'a-1' } });
      expect(await answer.text()).to.equal(expectedAnswer('a-1', 'v1'));
      const { address } = await frontend.logged('frontend-listening');
      expect(address).to.equal(at);
    },
  );
});
