import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { release } from '../../src/cli/surroundings.js';
import { root } from '../support/documents.js';
import { statusOf } from '../support/http-message.js';
import { CutoverProcess, portOf } from '../support/processes.js';
import { ask } from '../support/raw-client.js';
import { freePort } from '../support/scripted-container.js';
import { stageForAll } from '../support/stage.js';
import { hasTool } from '../support/tools.js';

const run = promisify(execFile);

/** What npm says of what it has packed. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** As somebody gets it who has no clone: packed, installed below a prefix of its own, and run. */
describe('the package', () => {
  const stage = stageForAll();
  let folder: string;
  let packed: Packed;
  /** What must be set so that `cutover` is a command, and nothing of it leaves the folder. */
  let env: Readonly<Record<string, string>>;

  before(async function () {
    this.timeout(120_000);
    if (!hasTool('npm')) {
      process.stdout.write('    (npm is not installed)\n');
      this.skip();
    }
    folder = await stage.folder();
    // It was built before: by `npm test` here, by the script `prepare` where it is published.
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', args, { cwd: root });
    const [only] = JSON.parse(stdout) as readonly Packed[];
    packed = only!;
    env = {
      PATH: [join(folder, 'prefix/bin'), dirname(process.execPath), process.env['PATH']].join(':'),
      ...{ HOME: folder, TMPDIR: folder, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder },
    };
  });

  /** What it prints. */
  const printed = async (command: string, ...args: readonly string[]) =>
    (await run(command, args, { cwd: folder, env: { ...process.env, ...env } })).stdout;

  it('has what is needed to run, to read and to try, and nothing of the tests', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).to.include.members([
      ...['dist/src/cli.js', 'dist/workers/main.js', 'config.schema.json', 'README.md', 'LICENSE'],
      ...['man/cutover.1', 'docs/tutorial.md', 'docs/cli.md', 'CHANGELOG.md', 'SECURITY.md'],
      ...['examples/cutover.json', 'examples/demo-app.js', 'examples/tutorial/shop.js'],
      ...['packaging/systemd/cutover-up.service'],
    ]);
    const strange = paths.filter(path =>
      /(^|\/)(test|bench|node_modules|coverage)\/|buildinfo/.test(path),
    );
    expect(strange).to.deep.equal([]);
    expect(packed.size, 'bytes').to.be.lessThan(4_000_000);
  });

  it('installs below a prefix, and is a command with a man page and completion', async () => {
    const file = join(folder, packed.filename);
    const args = ['install', '--global', '--prefix', join(folder, 'prefix'), '--prefer-offline'];
    // With the cache that the clone was installed from.
    const { stdout: cache } = await run('npm', ['config', 'get', 'cache'], { cwd: root });
    await run('npm', [...args, '--no-audit', '--no-fund', '--cache', cache.trim(), file], {
      cwd: folder,
    });
    expect(await printed('cutover', '--version')).to.equal(`${release()}\n`);
    expect(await printed('cutover', '--help')).to.include('cutover up');
    expect(await printed('cutover', 'completion')).to.include('cutover --get-yargs-completions');
    const man = await readFile(join(folder, 'prefix/share/man/man1/cutover.1'), 'utf8');
    expect(man).to.include('.TH CUTOVER 1');
  }).timeout(150_000);

  it('serves a request through what it was installed as, with its own examples', async function () {
    if (!existsSync(join(folder, 'prefix/bin/cutover'))) this.skip(); // said before
    const home = join(folder, 'prefix/lib/node_modules/cutover');
    const example = join(home, 'examples/cutover.json');
    expect(await printed('cutover', 'check', '-c', example)).to.include('no problems');

    const demo = new CutoverProcess(stage, ['0', '1.0'], {
      command: [process.execPath, join(home, 'examples/demo-app.js')],
      env,
    });
    await demo.printed('listens on');
    const port = portOf(/http:\S+/.exec(demo.output)?.[0] ?? '');
    const file = join(folder, 'cutover.json');
    const config = JSON.parse(await readFile(example, 'utf8')) as object;
    const cluster = { servers: [{ ip: '127.0.0.1', port }], version: '1.0' };
    const proxy = { ip: '127.0.0.1', port: 0 };
    await writeFile(
      file,
      JSON.stringify({ ...config, proxy, configService: await freePort(), cluster }),
    );
    const up = new CutoverProcess(stage, ['up', '-c', file], {
      command: [join(folder, 'prefix/bin/cutover')],
      env,
    });
    const { address } = await up.logged('supervisor-ready');
    const answer = await ask(
      stage,
      { port: portOf(address) },
      'GET / HTTP/1.1\r\nHost: app\r\n\r\n',
    );
    expect(statusOf(answer)).to.equal(200);
    expect(await printed('cutover', 'status', '-c', file)).to.include('complete');
    expect(await up.stop()).to.deep.equal({ code: 0, signal: null });
  }).timeout(60_000);
});
