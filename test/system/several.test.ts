/** Several controls and frontends, which come and go. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeKeyFile } from '../../src/security/key-file.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { NamedHosts } from '../support/named-hosts.js';
import {
  configFor,
  CutoverProcess,
  frontend,
  homeFor,
  worker,
  type Home,
  type Sections,
} from '../support/processes.js';
import { freePort, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import type { Api } from '../support/upgradable.js';
import { apiOf } from '../support/upgradable.js';

describe('system: several controls and frontends', () => {
  const stage = stageForEach();
  let container: ServerAddress;
  let times: ReadonlyMap<string, number>;
  beforeEach(async () => {
    const counted = counting({ name: 'a', delay: 1 });
    times = counted.times;
    container = await httpContainer(stage, counted.listener);
  });

  const soon = { heartbeat: 0.2, silence: 1 };

  /** Each has a registry of its own, the second a copy of that of the first: what they share is their followers. */
  async function control(home: Home, name: string, ...args: readonly string[]) {
    const registry = ['--registry', join(home.folder, `${name}.json`)];
    const whole = ['control', '-c', home.file, '--name', name, ...registry, ...args];
    const cutover = new CutoverProcess(stage, whole, home);
    await cutover.logged('control-listening');
    return { cutover, api: apiOf(cutover) };
  }

  const followedBy = async (each: CutoverProcess, ...names: readonly string[]) => {
    for (const name of names) {
      await each.logged('follower-joined', { where: line => line.name === name });
    }
  };

  async function homeWith(sections: Sections): Promise<Home> {
    return homeFor(stage, configFor([container], { registry: {}, ...sections }));
  }

  describe('in a list of controls', () => {
    async function both() {
      const folder = await stage.folder();
      const addresses = ['a', 'b'].map(name => `ipc://${folder}/${name}`);
      const [first = '', second = ''] = addresses;
      const device = { ...soon, control: addresses, frontends: [`ipc://${folder}/device`] };
      const home = await homeWith({ device });
      const a = await control(home, 'a', '--announce', first);
      await copyFile(join(home.folder, 'a.json'), join(home.folder, 'b.json'));
      const b = await control(home, 'b', '--announce', second);
      const at = await frontend(stage, home, '--name', 'f1');
      const serving = await worker(stage, home, '--name', 'w1');
      for (const each of [a, b]) await followedBy(each.cutover, 'f1', 'w1');
      return { a, b, at, serving };
    }

    const editionIs = (edition: number) => ({
      where: (line: { readonly edition: number }) => line.edition === edition,
    });

    it('take the table of either, the newest, and serve on when one of them is killed', async () => {
      const { a, b, at, serving } = await both();
      const load = Load.start(stage, { port: at.port, clients: 8 });
      await a.api.deploy('1.1', container);
      for (const each of [at.cutover, serving]) await each.logged('table-taken', editionIs(2));
      a.cutover.signal('SIGKILL');
      await a.cutover.ended();
      await b.api.deploy('1.2', container);
      await b.api.deploy('1.3', container);
      for (const each of [at.cutover, serving]) await each.logged('table-taken', editionIs(3));
      await load.more(100);
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
      expect(Math.max(...times.values())).to.equal(1);
      const { status, body } = await b.api.call('GET', '/configuration');
      expect(status).to.equal(200);
      expect(body).to.include({ edition: 3, followers: 2, acknowledged: 2 });
    });

    it('tell every control the same: each counts all requests', async () => {
      const { a, b, at } = await both();
      const load = Load.start(stage, { port: at.port, clients: 8, requests: 300 });
      expect(unharmed(await load.finished())).to.deep.equal(nothing);
      for (const { api } of [a, b]) {
        await counts(api, /^cutover_client_requests_total\{.*\} (\d+)$/gm, 300);
        await counts(api, /^cutover_exchanges_total\{.*\} (\d+)$/gm, 300);
      }
    });

    /** All series of a counter together, once it has that many. */
    async function counts(api: Api, series: RegExp, expected: number): Promise<void> {
      for (let n = 0; ; n++) {
        const text = await (await fetch(`${api.url}/metrics`)).text();
        const sum = [...text.matchAll(series)].reduce((all, [, count]) => all + Number(count), 0);
        if (sum === expected) return;
        if (n > 50) throw new Error(`${series} is ${sum}, not ${expected}:\n${text}`);
        await new Promise<void>(resolve => setTimeout(resolve, 100));
      }
    }
  });

  describe('behind a name', () => {
    const place = async () => (await freePort()).port;

    /** With keys, as addresses beyond loopback want them: nobody knows what a name means. */
    async function named(hosts: NamedHosts, device: Sections, more: Sections = {}) {
      const key = join(await stage.folder(), 'links.key');
      await writeKeyFile(key);
      const home = await homeWith({ security: { key }, device: { ...soon, ...device }, ...more });
      return { ...home, env: { ...home.env, ...hosts.env } };
    }

    it('are all linked: frontends come and go in it under load, and nothing is lost', async () => {
      const port = await place();
      const hosts = await NamedHosts.make(stage);
      const frontends = [`tcp://frontends:${port}`];
      const home = await named(hosts, { frontends }, { registry: { kind: 'none' } });
      const starts = (host: string) =>
        frontend(stage, home, '--name', host, '--device', `tcp://${host}:${port}`);
      hosts.are({ frontends: ['127.0.0.2'] });
      const one = await starts('127.0.0.2');
      const serving = await worker(stage, home, '--name', 'w1');
      const load = Load.start(stage, { port: one.port, clients: 8, prefix: 'one' });
      await load.more(100);

      const two = await starts('127.0.0.3');
      hosts.are({ frontends: ['127.0.0.2', '127.0.0.3'] });
      await two.cutover.logged('worker-joined');
      const other = Load.start(stage, { port: two.port, clients: 8, prefix: 'two' });
      await other.more(100);

      hosts.are({ frontends: ['127.0.0.3'] }); // its clients have not heard of that
      await load.more(1000);
      expect(unharmed(await load.stop())).to.deep.equal(nothing);
      expect(await one.cutover.stop()).to.deep.equal({ code: 0, signal: null });
      await serving.logged('frontend-left');

      hosts.are({}); // the name server has lost its mind
      await serving.logged('name-unknown');
      await other.more(100);
      expect(unharmed(await other.stop())).to.deep.equal(nothing);
      expect(Math.max(...times.values())).to.equal(1);
    });

    it('are all followed, also those who are named later', async () => {
      const port = await place();
      const hosts = await NamedHosts.make(stage);
      const frontends = [`ipc://${await stage.folder()}/device`];
      const home = await named(hosts, { control: `tcp://controls:${port}`, frontends });
      hosts.are({ controls: ['127.0.0.2'] });
      const a = await control(home, 'a', '--announce', `tcp://127.0.0.2:${port}`);
      const b = await control(home, 'b', '--announce', `tcp://127.0.0.3:${port}`);
      await frontend(stage, home, '--name', 'f1');
      await worker(stage, home, '--name', 'w1');
      await followedBy(a.cutover, 'f1', 'w1');
      expect(b.cutover.all('follower-joined')).to.deep.equal([]);
      hosts.are({ controls: ['127.0.0.2', '127.0.0.3'] });
      await followedBy(b.cutover, 'f1', 'w1');
    });
  });
});
