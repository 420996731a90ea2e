import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeKeyFile } from '../../src/security/key-file.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import {
  configFor,
  CutoverProcess,
  frontend,
  homeFor,
  up,
  worker,
  type Home,
  type Sections,
} from '../support/processes.js';
import { freePort, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';

describe('system: the links between frontends, workers and control', () => {
  const stage = stageForEach();
  let folder: string;
  let container: ServerAddress;
  beforeEach(async () => {
    folder = await stage.folder();
    container = await httpContainer(stage, counting({ name: 'a' }).listener);
  });

  async function tcp(host?: string): Promise<string> {
    const { ip, port } = await freePort();
    return `tcp://${host ?? ip}:${port}`;
  }

  /** A key file of this name, and its public key. */
  async function keyOf(
    name: string,
  ): Promise<{ readonly key: string; readonly publicKey: string }> {
    const key = join(folder, name);
    return { key, publicKey: await writeKeyFile(key) };
  }

  /** A configuration of its own, for one process. */
  const homeWith = (sections: Sections): Promise<Home> =>
    homeFor(stage, configFor([container], sections));

  /** Who is turned away soon asks why. */
  const soon = { heartbeat: 0.2, silence: 1 };

  async function serves(port: number, requests = 100): Promise<void> {
    const load = Load.start(stage, { port, clients: 8, requests, method: 'POST', body: 'x' });
    expect(unharmed(await load.finished())).to.deep.equal(nothing);
  }

  describe('with keys', () => {
    it('serve under `cutover up`, with one key file for all', async () => {
      const { key } = await keyOf('key');
      const device = { frontends: [await tcp()], control: await tcp() };
      const registry = { file: join(folder, 'registry.json') };
      const at = await up(stage, configFor([container], { device, registry, security: { key } }));
      await serves(at.port, 500);
      await at.cutover.logged('follower-joined', { where: ({ name }) => name === 'worker-1' });
      await at.cutover.logged('follower-joined', { where: ({ name }) => name === 'frontend-1' });
      expect(at.cutover.all('key-refused')).to.deep.equal([]);
      expect(at.cutover.all('links-insecure')).to.deep.equal([]);
      expect(await at.cutover.stop()).to.deep.equal({ code: 0, signal: null });
    });

    it('serve between processes with a key each, that know one another by lists', async () => {
      const [f, w, c] = [await keyOf('f'), await keyOf('w'), await keyOf('c')];
      const lists = {
        frontends: [f.publicKey],
        workers: [w.publicKey],
        control: [c.publicKey],
      };
      const device = { frontends: [await tcp()], control: await tcp() };
      const registry = { file: join(folder, 'registry.json') };
      const of = ({ key }: { readonly key: string }) =>
        homeWith({ device, registry, security: { key, ...lists } });
      const homes = { control: await of(c), frontend: await of(f), worker: await of(w) };
      const args = ['control', '-c', homes.control.file];
      const control = new CutoverProcess(stage, args, homes.control);
      await control.logged('control-listening');
      const { cutover, port } = await frontend(stage, homes.frontend, '--name', 'f');
      await worker(stage, homes.worker, '--name', 'w');
      for (const name of ['f', 'w']) {
        await control.logged('follower-joined', { where: each => each.name === name });
      }
      await serves(port);
      const all = [...control.all('key-refused'), ...cutover.all('key-refused')];
      expect(all).to.deep.equal([]);
    });

    /** A frontend that serves with one worker; and what another one must know to reach it. */
    async function guarded() {
      const [f, w] = [await keyOf('f'), await keyOf('w')];
      const device = { frontends: [await tcp()] };
      const lists = { frontends: [f.publicKey], workers: [w.publicKey] };
      const home = await homeWith({ device, security: { key: f.key, ...lists } });
      const { cutover, port } = await frontend(stage, home);
      const workerHome = await homeWith({ device, security: { key: w.key, ...lists } });
      await worker(stage, workerHome, '--name', 'known');
      await cutover.logged('worker-joined');
      return { cutover, port, device, lists, f, w };
    }

    /** It is told why, it is never welcome, and whoever asks for something gets it from the others. */
    async function isTurnedAway(
      { cutover, port }: Awaited<ReturnType<typeof guarded>>,
      sections: Sections,
    ): Promise<string> {
      const home = await homeWith(sections);
      const args = ['worker', '-c', home.file, '--name', 'stranger'];
      const stranger = new CutoverProcess(stage, args, home);
      const { because } = await stranger.logged('turned-away');
      await serves(port);
      expect(stranger.all('worker-ready')).to.deep.equal([]);
      expect(cutover.all('worker-joined').map(({ name }) => name)).to.deep.equal(['known']);
      expect(await stranger.stop()).to.deep.equal({ code: 0, signal: null });
      return because;
    }

    it('turn a worker with an unknown key away: it is logged, and gets no request', async () => {
      const at = await guarded();
      const { key, publicKey } = await keyOf('stranger');
      const because = await isTurnedAway(at, {
        device: { ...at.device, ...soon },
        security: { key, ...at.lists },
      });
      expect(because).to.include(publicKey);
      const refused = await at.cutover.logged('key-refused');
      expect(refused).to.include({ key: publicKey, from: '127.0.0.1', level: 'error' });
      expect(at.cutover.all('key-refused')).to.have.length(1);
    });

    it('turn a worker without any key away: it gets no request, and says so itself', async () => {
      const at = await guarded();
      const because = await isTurnedAway(at, { device: { ...at.device, ...soon } });
      expect(because).to.include('security.key is not set here');
    });

    it('turn a worker away that takes somebody else for the frontend', async () => {
      const at = await guarded();
      const { publicKey } = await keyOf('somebody');
      const because = await isTurnedAway(at, {
        device: { ...at.device, ...soon },
        security: { key: at.w.key, frontends: [publicKey] },
      });
      expect(because).to.include('its key is not among those that we believe');
      expect(at.cutover.all('key-refused')).to.deep.equal([]);
    });

    it('keep a worker from a frontend that has none', async () => {
      const device = { frontends: [await tcp()] };
      const { cutover } = await frontend(stage, await homeWith({ device }));
      const { key } = await keyOf('w');
      const home = await homeWith({ device: { ...device, ...soon }, security: { key } });
      const careful = new CutoverProcess(stage, ['worker', '-c', home.file], home);
      expect((await careful.logged('turned-away')).because).to.include('security.key is set here');
      expect(cutover.all('worker-joined')).to.deep.equal([]);
    });

    it('keep strangers from the table and the keys of sessions that control tells', async () => {
      const { key } = await keyOf('key');
      const stranger = await keyOf('stranger');
      const device = { control: await tcp() };
      const registry = { file: join(folder, 'registry.json') };
      const home = await homeWith({ device, registry, security: { key } });
      const control = new CutoverProcess(stage, ['control', '-c', home.file], home);
      await control.logged('control-listening');
      const lists = { control: [(JSON.parse(await readFile(key, 'utf8')) as Pair).publicKey] };
      const security = { key: stranger.key, ...lists };
      const strangers = await homeWith({ device: { ...device, ...soon }, security });
      const asking = new CutoverProcess(stage, ['frontend', '-c', strangers.file], strangers);
      await asking.logged('turned-away');
      const { key: told } = await control.logged('key-refused');
      expect(told).to.equal(stranger.publicKey);
      expect(asking.all('table-taken')).to.deep.equal([]);
      expect(control.all('follower-joined')).to.deep.equal([]);
    });

    interface Pair {
      readonly publicKey: string;
    }

    it('change them one process after another, and workers find the new one of a frontend', async () => {
      const [older, newer] = [await keyOf('older'), await keyOf('newer')];
      const both = [older.publicKey, newer.publicKey];
      const lists = { frontends: both, workers: both };
      const device = { frontends: [await tcp()] };
      const [before, after] = [
        await homeWith({ device, security: { key: older.key, ...lists } }),
        await homeWith({ device, security: { key: newer.key, ...lists } }),
      ];
      const first = await frontend(stage, before);
      const first1 = await worker(stage, before, '--name', 'w1');
      await serves(first.port);
      expect(await first.cutover.stop()).to.deep.equal({ code: 0, signal: null });
      const second = await frontend(stage, after); // older worker, newer frontend
      await second.cutover.logged('worker-joined');
      await serves(second.port);
      await worker(stage, after, '--name', 'w2');
      expect(await first1.stop()).to.deep.equal({ code: 0, signal: null });
      await serves(second.port);
    });
  });

  describe('refuse to start', () => {
    const roles = ['up', 'frontend', 'worker', 'control', 'check'];

    async function ends(home: Home, ...args: readonly string[]) {
      const [verb = '', ...rest] = args;
      const started = new CutoverProcess(stage, [verb, '-c', home.file, ...rest], home);
      const { code } = await started.ended();
      return { code, errors: started.errors, output: started.output };
    }

    it('with a key file that others can read', async () => {
      const { key } = await keyOf('key');
      const { secretKey } = JSON.parse(await readFile(key, 'utf8')) as { secretKey: string };
      await chmod(key, 0o644);
      const device = { frontends: [await tcp()], control: await tcp() };
      const home = await homeWith({ device, security: { key } });
      for (const role of roles) {
        const { code, errors, output } = await ends(home, role);
        expect({ role, code }).to.deep.equal({ role, code: 2 });
        expect(errors).to.include(`security.key: ${key} can be read by others`);
        expect(errors).to.include('mode 644').and.include('chmod 600');
        expect(`${errors}${output}`).not.to.include(secretKey);
      }
    });

    it('without the key file that is named', async () => {
      const home = await homeWith({ security: { key: join(folder, 'none') } });
      const { code, errors } = await ends(home, 'check');
      expect({ code, errors }).to.have.property('code', 2);
      expect(errors).to.include('security.key:').and.include('no such file');
    });

    it('with plain addresses beyond loopback', async () => {
      const device = { frontends: ['tcp://0.0.0.0:9100'], control: 'tcp://10.0.0.1:9091' };
      const home = await homeWith({ device });
      for (const role of roles) {
        const { code, errors } = await ends(home, role);
        expect({ role, code }).to.deep.equal({ role, code: 2 });
        expect(errors).to.include('device.frontends[0]: expected').and.include('device.control: ');
        expect(errors).to.include('"insecure": true');
      }
    });

    it('with plain addresses beyond loopback on the command line', async () => {
      const home = await homeWith({});
      for (const [role = '', option = ''] of [
        ['frontend', 'device'],
        ['frontend', 'control'],
        ['worker', 'frontend'],
        ['worker', 'control'],
        ['control', 'announce'],
      ]) {
        const { code, errors } = await ends(home, role, `--${option}`, 'tcp://0.0.0.0:9100');
        expect({ role, option, code }).to.deep.equal({ role, option, code: 2 });
        expect(errors).to.include(`--${option}: expected an address of this machine alone`);
      }
    });
  });

  it('may be plain beyond loopback where the configuration says so, with a warning', async () => {
    const device = { frontends: [await tcp('0.0.0.0')], control: await tcp('0.0.0.0') };
    const registry = { file: join(folder, 'registry.json') };
    const sections = { device, registry, security: { insecure: true } };
    const at = await up(stage, configFor([container], sections));
    await serves(at.port);
    const warned = at.cutover.all('links-insecure');
    expect(new Set(warned.map(line => line['process']))).to.deep.equal(
      new Set(['frontend-1', 'worker-1', 'worker-2', 'control']),
    );
    expect(new Set(warned.flatMap(({ addresses }) => addresses))).to.deep.equal(
      new Set([...device.frontends, device.control]),
    );
  });

  describe('cutover keygen', () => {
    async function keygen(...args: readonly string[]) {
      const process = new CutoverProcess(stage, ['keygen', ...args]);
      const { code } = await process.ended();
      return { code, said: `${process.output}${process.errors}` };
    }

    it('writes a file for its owner alone, and prints what others may know', async () => {
      const file = join(folder, 'key');
      const { code, said } = await keygen(file);
      expect(code).to.equal(0);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      const pair = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
      expect(Object.keys(pair)).to.deep.equal(['publicKey', 'secretKey']);
      expect(said).to.equal(`${file}: a new key pair\npublic key: ${pair['publicKey']}\n`);
    });

    it('overwrites nothing, and says why it cannot write', async () => {
      const file = join(folder, 'key');
      await keygen(file);
      const before = await readFile(file);
      const { code, said } = await keygen(file);
      expect(code).to.equal(1);
      expect(said).to.include(`${file}: cannot be written: there is a file already`);
      expect(await readFile(file)).to.deep.equal(before);
      expect((await keygen(join(folder, 'none', 'key'))).said).to.include('no such file or folder');
    });

    it('wants a file', async () => {
      expect(await keygen()).to.have.property('code', 2);
    });
  });
});
