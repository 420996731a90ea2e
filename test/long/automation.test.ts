import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ShownVersion } from '../../src/control/shown.js';
import { counting, httpContainer } from '../support/containers.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { cli, configFor, CutoverProcess, homeFor, up, type Running } from '../support/processes.js';
import { freePort, type ServerAddress } from '../support/scripted-container.js';
import { stageForEach, type Stage } from '../support/stage.js';
import { itWith } from '../support/tools.js';
import { neverSlowOrOdd } from '../support/upgradable.js';
import { eventually } from '../support/within.js';

/** What operators automate with examples/: upgrades that take themselves back, and say so by exit code. */

const example = (name: string) =>
  fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));

/** The scripts call Cutover, and Node, by name. */
const env = {
  CUTOVER: `${process.execPath} ${cli}`,
  PATH: [dirname(process.execPath), process.env['PATH']].join(':'),
};

/** `cutover up`, with the old version under load that nothing may happen to. */
interface Site extends Running {
  readonly load: Load;
  /** Of every version, newest first. */
  readonly states: () => Promise<readonly string[]>;
}

async function site(stage: Stage): Promise<Site> {
  const { folder } = await homeFor(stage, {});
  const running = await up(
    stage,
    configFor([await healthy(stage, 'v1')], {
      // The verbs find control by the file that it was started with, so its port must be known before.
      configService: await freePort(),
      registry: { file: join(folder, 'registry.json') },
      monitor: { observation: 1, ...neverSlowOrOdd.monitor },
    }),
  );
  const load = Load.start(stage, { port: running.port, clients: 4 });
  await load.more(200);
  const states = async () => {
    const status = new CutoverProcess(stage, ['status', '--json', '-c', running.home.file]);
    await status.ended();
    const versions = JSON.parse(status.output) as readonly ShownVersion[];
    return versions.map(({ version, state }) => `${version} ${state}`);
  };
  return { ...running, load, states };
}

/** Milliseconds: so that the load leaves the processor to scripts, and to Puppet, which begin slowly. */
const DELAY = 10;

const healthy = (stage: Stage, name: string) =>
  httpContainer(stage, counting({ name, delay: DELAY }).listener);
const broken = (stage: Stage) =>
  httpContainer(stage, (request, response) => {
    request.resume();
    response.writeHead(500).end('out of order');
  });

async function expectServedBy(name: string, { load }: Site): Promise<void> {
  const before = load.tally.byServer.get(name) ?? 0;
  await load.until(({ byServer }) => (byServer.get(name) ?? 0) >= before + 100);
  const others = [...load.tally.byServer].filter(([server]) => server !== name);
  await load.more(200);
  const later = [...load.tally.byServer].filter(([server]) => server !== name);
  expect(later, `only ${name} answers`).to.deep.equal(others);
}

/** A wait ends when the verdict is healthy, or the upgrade complete: whichever comes first. */
async function expectComplete({ states }: Site): Promise<void> {
  const isComplete = async () => (await states())[0] === '2.0 complete';
  await eventually('the upgrade is complete', isComplete, 30_000); // each look starts a process
  expect(await states()).to.deep.equal(['2.0 complete', '1.0 complete']);
}

async function expectUnharmed({ load }: Site): Promise<void> {
  expect(unharmed(await load.stop())).to.deep.equal(nothing);
}

describe('examples/upgrade.sh', () => {
  const stage = stageForEach();

  async function upgrade(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    const command = ['bash', example('upgrade.sh')] as const;
    const script = new CutoverProcess(stage, args, { command, env: { ...env, ...more } });
    const { code } = await script.ended(30_000);
    return { code, output: script.output, errors: script.errors };
  }

  async function upgradeTo(at: Site, cluster: object, more?: Readonly<Record<string, string>>) {
    const next = join(at.home.folder, 'next.json');
    await writeFile(next, JSON.stringify({ cluster }));
    return upgrade([at.home.file, next], more);
  }

  it('ends with 0 when the next version is healthy, which then serves everybody', async () => {
    const at = await site(stage);
    const ended = await upgradeTo(at, { servers: [await healthy(stage, 'v2')], version: '2.0' });
    expect(ended.code, ended.errors).to.equal(0);
    await expectServedBy('v2', at);
    await expectComplete(at);
    await expectUnharmed(at);
  }).timeout(60_000);

  it('ends with 1 and says why when the next version fails, and nobody sees an error', async () => {
    const at = await site(stage);
    const ended = await upgradeTo(at, { servers: [await broken(stage)], version: '2.0' });
    expect(ended.code, ended.errors).to.equal(1);
    expect(ended.errors).to.contain('it fails more often');
    expect(await at.states()).to.deep.equal(['2.0 demoted', '1.0 complete']);
    await expectServedBy('v1', at);
    await expectUnharmed(at);
  }).timeout(60_000);

  it('aborts a version for which there is no verdict in time', async () => {
    const at = await site(stage);
    const cluster = {
      servers: [await healthy(stage, 'v2')],
      version: '2.0',
      upgradeTransition: { mode: 'GRADUAL', duration: '1d' },
    };
    const ended = await upgradeTo(at, cluster, { TIMEOUT: '1' });
    expect(ended.code, ended.errors).to.equal(1);
    expect(await at.states()).to.deep.equal(['2.0 aborted', '1.0 complete']);
    await expectServedBy('v1', at);
    await expectUnharmed(at);
  }).timeout(60_000);

  it('changes nothing when the next version is refused', async () => {
    const at = await site(stage);
    const ended = await upgradeTo(at, { servers: [], version: '2.0' });
    expect(ended.code).to.equal(1);
    expect(ended.errors).to.contain('cluster.servers: expected a list of 1 to 256 servers');
    expect(await at.states()).to.deep.equal(['1.0 complete']);
    await expectUnharmed(at);
  }).timeout(60_000);

  it('ends with 1 when control is away', async () => {
    const servers: readonly ServerAddress[] = [{ ip: '127.0.0.1', port: 9101 }];
    const configService = await freePort();
    const home = await homeFor(stage, configFor(servers, { configService, registry: {} }));
    const ended = await upgrade([home.file, example('next.json')]);
    expect(ended.code).to.equal(1);
    expect(ended.errors).to.contain('control is not reachable');
  });

  const wrong: readonly (readonly [what: string, args: readonly string[], timeout?: string])[] = [
    ['no arguments', []],
    ['one argument', [example('cutover.json')]],
    ['three arguments', [example('cutover.json'), example('next.json'), 'now']],
    ['a file that is not there', [example('cutover.json'), example('missing.json')]],
    ['a time-out that is no number', [example('cutover.json'), example('next.json')], '10m'],
  ];
  for (const [what, args, timeout = '600'] of wrong) {
    it(`ends with 2 and its usage for ${what}`, async () => {
      const { code, errors, output } = await upgrade(args, { TIMEOUT: timeout });
      expect({ code, output }).to.deep.equal({ code: 2, output: '' });
      expect(errors).to.contain('usage: upgrade.sh CONFIG NEXT');
    });
  }

  it('prints its usage when it is asked for', async () => {
    const { code, errors, output } = await upgrade(['--help']);
    expect({ code, errors }).to.deep.equal({ code: 0, errors: '' });
    expect(output).to.contain('usage: upgrade.sh CONFIG NEXT');
  });
});

describe('examples/upgrade.pp', () => {
  const stage = stageForEach();

  /** Returns Puppet's detailed exit code: 2 is for changes, 4 for failures, 6 for both. */
  async function applied({ home }: Site, servers: readonly ServerAddress[]) {
    const { folder } = home;
    const hierarchy = [
      { name: 'test', path: 'data.json', datadir: folder, data_hash: 'json_data' },
    ];
    const hiera = join(folder, 'hiera.yaml'); // what is JSON is YAML
    await writeFile(hiera, JSON.stringify({ version: 5, hierarchy }));
    const parameters = {
      version: '2.0',
      servers,
      config: home.file,
      next: join(folder, 'next.json'),
      seconds: 20,
      cutover: env.CUTOVER,
      path: env.PATH.split(':'),
    };
    const data = Object.entries(parameters).map(([name, value]) => [
      `cutover_upgrade::${name}`,
      value,
    ]);
    await writeFile(join(folder, 'data.json'), JSON.stringify(Object.fromEntries(data)));
    const folders = ['--confdir', join(folder, 'conf'), '--vardir', join(folder, 'var')];
    const puppet = new CutoverProcess(
      stage,
      ['--detailed-exitcodes', '--hiera_config', hiera, ...folders, example('upgrade.pp')],
      { command: ['puppet', 'apply'], env },
    );
    const { code } = await puppet.ended(60_000);
    return { code, said: `${puppet.output}${puppet.errors}` };
  }

  itWith('puppet', 'upgrades, and changes nothing when it is applied again', async () => {
    const at = await site(stage);
    const servers = [await healthy(stage, 'v2')];
    const first = await applied(at, servers);
    expect(first.code, first.said).to.equal(2);
    await expectServedBy('v2', at);
    await expectComplete(at);
    const second = await applied(at, servers);
    expect(second.code, second.said).to.equal(0);
    expect(await at.states()).to.deep.equal(['2.0 complete', '1.0 complete']);
    await expectUnharmed(at);
  }).timeout(90_000);

  itWith(
    'puppet',
    'fails each time when the version is taken back, and tries it once',
    async () => {
      const at = await site(stage);
      const servers = [await broken(stage)];
      const first = await applied(at, servers);
      expect(first.code, first.said).to.equal(6); // it also wrote the file with the version
      expect(first.said).to.contain('it fails more often');
      expect(await at.states()).to.deep.equal(['2.0 demoted', '1.0 complete']);
      const second = await applied(at, servers);
      expect(second.code, second.said).to.equal(4);
      expect(await at.states()).to.deep.equal(['2.0 demoted', '1.0 complete']);
      await expectServedBy('v1', at);
      await expectUnharmed(at);
    },
  ).timeout(90_000);
});
