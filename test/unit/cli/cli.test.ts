import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const cli = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
const manifest = new URL('../../../../package.json', import.meta.url);

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const cutover = (...args: readonly string[]) =>
  new Promise<Ended>(resolve => {
    const child = execFile(process.execPath, [cli, ...args], (_, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, stdout, stderr });
    });
  });

/** The system gives each in turn, so it will not soon be taken again. */
async function portOfNobody(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const operatorVerbs = ['pause', 'resume', 'promote', 'abort', 'remove', 'why'];
const everyVerb = [
  ...['up', 'frontend', 'worker', 'control', 'check', 'status', 'deploy', 'events', 'rotate-keys'],
  ...operatorVerbs,
];

describe('cutover', () => {
  let folder: string;
  let good: string;
  let bad: string;
  /** Of a control that is not there. */
  let away: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cutover-test-'));
    good = join(folder, 'good.json');
    bad = join(folder, 'bad.json');
    const cluster = { servers: [{ ip: '127.0.0.1', port: 9101 }], version: '1.10' };
    await writeFile(good, JSON.stringify({ cluster }));
    away = join(folder, 'away.json');
    const configService = { ip: '127.0.0.1', port: await portOfNobody() };
    await writeFile(away, JSON.stringify({ configService, cluster }));
    await writeFile(bad, '{"proxy":{"prt":1},"cluster":{"servers":[],"version":1.1}}');
  });
  after(() => rm(folder, { recursive: true }));

  it('says that there is no control to ask where the configuration wants none', async () => {
    const file = join(folder, 'none.json');
    const cluster = { servers: [{ ip: '127.0.0.1', port: 9101 }] };
    await writeFile(file, JSON.stringify({ cluster, registry: { kind: 'none' } }));
    const { exitCode, stderr } = await cutover('status', '-c', file);
    expect(exitCode).to.equal(2);
    expect(stderr).to.equal(
      `cutover: ${file}: registry.kind is none, so there is no control to ask\n`,
    );
  });

  it('check says what would be started', async () => {
    const { exitCode, stdout, stderr } = await cutover('check', '-c', good);
    expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: '' });
    const { groups: { registry = '' } = {} } = /registry (?<registry>.*)\n/.exec(stdout) ?? {};
    expect(registry).to.match(/\/cutover\/good-[\da-f]{8}\.json$/);
    expect(stdout).to.equal(
      `${good}: no problems\n` +
        '  clients    127.0.0.1:8080\n' +
        '  cluster    version 1.10 (INSTANT) on 127.0.0.1:9101\n' +
        '  processes  1 frontend, 2 workers\n' +
        '  device     in a private folder\n' +
        `  control    REST API on 127.0.0.1:9090, registry ${registry}\n`,
    );
  });

  it('check reports all problems, with path, what was expected and what was given', async () => {
    const { exitCode, stdout, stderr } = await cutover('check', '--config', bad);
    expect({ exitCode, stdout }).to.deep.equal({ exitCode: 2, stdout: '' });
    expect(stderr).to.equal(
      `cutover: ${bad}: 3 problems\n` +
        '  proxy.prt: unknown option; is port meant?\n' +
        '  cluster.servers: expected a list of 1 to 256 servers, given []\n' +
        '  cluster.version: expected dotted numbers in quotes, such as "1.10", or a whole number, given 1.1\n',
    );
  });

  it('check speaks JSON to machines', async () => {
    const [right, wrong] = await Promise.all([
      cutover('check', '--json', '-c', good),
      cutover('check', '--json', '-c', bad),
    ]);
    expect(right.exitCode).to.equal(0);
    expect(JSON.parse(right.stdout)).to.have.nested.property('config.proxy.port', 8080);
    expect(wrong.exitCode).to.equal(2);
    expect(JSON.parse(wrong.stdout)).to.have.nested.property('problems[1].path', 'cluster.servers');
  });

  it('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(await cutover('--version')).to.deep.equal({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  it('--help names every verb', async () => {
    const { exitCode, stdout } = await cutover('--help');
    expect(exitCode).to.equal(0);
    for (const verb of everyVerb) {
      expect(stdout).to.include(`cutover ${verb} `);
    }
  });

  const wrong: readonly (readonly [args: readonly string[], message: string])[] = [
    [[], 'which verb?'],
    [['upp', '-c', 'x'], 'Unknown argument: upp'],
    [['check'], 'Missing required argument: config'],
    [['check', '-c'], 'Not enough arguments following: c'],
    [['check', '-c', 'a', '-c', 'b'], '--config: expected one path, given ["a","b"]'],
    [['check', '-c', 'x', '--nope'], 'Unknown argument: nope'],
    [['check', '-c', 'x', 'y'], 'Unknown argument: y'],
    [
      ['up', '-c', 'x', '--workers', '0'],
      '--workers: expected a whole number from 1 to 64, given 0',
    ],
    [['up', '-c', 'x', '--frontends', 'two'], '--frontends: expected a whole number from 1 to 16'],
    [['up', '-c', 'x', '--log-level', 'loud'], '--log-level: expected one of trace, debug'],
    [['frontend', '-c', 'x', '--device', 'udp://a'], '--device: expected ipc://PATH'],
    [['worker', '-c', 'x', '--frontend', 'a'], '--frontend: expected ipc://PATH'],
    [['why', '-c', 'x'], 'Not enough non-option arguments: got 0, need at least 1'],
    [['deploy', 'f', '-c', 'x', '--timeout', '5'], 'Implications failed:\n timeout -> wait'],
    [
      ['deploy', 'f', '-c', 'x', '--wait', '--timeout', '0'],
      '--timeout: expected seconds: a number above 0, up to 2147483, given 0',
    ],
  ];
  for (const [args, message] of wrong) {
    it(`shows its usage and ends with 2 for: ${args.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await cutover(...args);
      expect({ exitCode, stdout }).to.deep.equal({ exitCode: 2, stdout: '' });
      expect(stderr).to.include(`cutover: ${message}`).and.include('Options:');
    });
  }

  it('deploy ends with 2 if what is to be deployed is no JSON, or cannot be read', async () => {
    const noJson = join(folder, 'deploy.json');
    await writeFile(noJson, '{\n  "version": 1.1,\n}');
    const [wrong, missing] = await Promise.all([
      cutover('deploy', noJson, '--wait', '-c', good),
      cutover('deploy', join(folder, 'none'), '-c', good),
    ]);
    expect(wrong.exitCode).to.equal(2);
    expect(wrong.stderr).to.match(
      /^cutover: .*deploy\.json: line 3, column 1: no JSON from here: \}/,
    );
    expect(missing.exitCode).to.equal(2);
    expect(missing.stderr).to.contain('none: cannot be read: no such file');
  });

  it('deploy asks for the version before it asks control', async () => {
    const nameless = join(folder, 'nameless.json');
    await writeFile(nameless, '{"cluster":{"servers":[{"ip":"127.0.0.1","port":9102}]}}');
    const { exitCode, stderr } = await cutover('deploy', nameless, '-c', away);
    expect(exitCode).to.equal(2);
    expect(stderr).to.match(/^cutover: .*nameless\.json: no version: say which one it is/);
  });

  const asking: readonly (readonly string[])[] = [
    ['status'],
    ['events'],
    ['rotate-keys'],
    ...operatorVerbs.map(verb => [verb, '2.0']),
  ];
  for (const args of asking) {
    it(`${args.join(' ')} ends with 1 where control is not there, and says so without a stack`, async () => {
      const { exitCode, stdout, stderr } = await cutover(...args, '-c', away);
      expect({ exitCode, stdout }).to.deep.equal({ exitCode: 1, stdout: '' });
      expect(stderr).to.match(/^cutover: control is not reachable at http:.*ECONNREFUSED.*\n$/);
    });
  }

  for (const verb of ['up', 'frontend', 'worker', 'check']) {
    it(`${verb} ends with 2 if there is no such file, without a stack`, async () => {
      const missing = join(folder, 'missing.json');
      const { exitCode, stderr } = await cutover(verb, '-c', missing);
      expect({ exitCode, stderr }).to.deep.equal({
        exitCode: 2,
        stderr: `cutover: ${missing}: 1 problem\n  cannot be read: no such file\n`,
      });
    });
  }
});
