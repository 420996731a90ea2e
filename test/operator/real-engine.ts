/**
 * Podman with Docker's API, all of whose state lies in one scratch folder: nothing else on the machine is touched.
 * Needs podman, runc and busybox (Debian: podman runc conmon netavark busybox-static catatonit); no image registry.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { probe } from '../../src/sockets/probe.js';
import { hasTool } from '../support/tools.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

export const cutoverImage = 'localhost/cutover:test';
export const demoImage = 'localhost/cutover-demo:test';
/** What the Dockerfiles here build upon: made of this machine's own Node, because there is no registry. */
const base = 'docker.io/library/node:20-bookworm-slim';

export class RealEngine {
  readonly folder: string;
  readonly socket: string;
  readonly #env: NodeJS.ProcessEnv;
  #end: () => Promise<void> = () => Promise.resolve();

  private constructor(folder: string) {
    this.folder = folder;
    this.socket = join(folder, 'podman.sock');
    this.#env = {
      ...process.env,
      CONTAINERS_CONF: join(folder, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    };
  }

  static async start(): Promise<RealEngine> {
    const engine = new RealEngine(await mkdtemp(join(tmpdir(), 'cutover-engine-')));
    try {
      await engine.#configure();
      await engine.#makeBase();
      await engine.#serve();
    } catch (cause) {
      await engine.close();
      throw cause;
    }
    return engine;
  }

  /** Returns what it prints. */
  async podman(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('podman', [...args], { env: this.#env, timeout: 100_000 });
    return stdout.trim();
  }

  /** `folder`: with a Dockerfile. */
  async build(tag: string, folder: string, ...more: readonly string[]): Promise<void> {
    await this.podman(
      ...[
        'build',
        '-q',
        '--pull=never',
        '--network',
        'host',
        '--format',
        'docker',
        '--layers=false',
      ],
      ...['-t', tag, ...more, folder],
    );
  }

  async close(): Promise<void> {
    await this.podman('rm', '-fa', '-t', '0').catch(() => undefined);
    await this.#end();
    await run('umount', [join(this.folder, 'root', 'overlay')]).catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true });
  }

  async #configure(): Promise<void> {
    // Without CAP_SYS_RESOURCE the limits of containers cannot be raised above our own.
    const limit = async (flag: string) => (await run('sh', ['-c', `ulimit ${flag}`])).stdout.trim();
    const files = await limit('-Hn');
    await writeFile(
      join(this.folder, 'containers.conf'),
      `[containers]
default_ulimits = ["nofile=${files}:${files}", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
`,
    );
    const storage = `[storage]
driver = "overlay"
graphroot = "${join(this.folder, 'root')}"
runroot = "${join(this.folder, 'run')}"
`;
    await writeFile(join(this.folder, 'storage.conf'), storage);
  }

  /** Node, npm, the libraries that Node wants, and a shell. */
  async #makeBase(): Promise<void> {
    const tree = join(this.folder, 'base');
    for (const path of [
      'bin',
      'usr/bin',
      'usr/local/bin',
      'usr/local/lib',
      'etc',
      'tmp',
      'root',
      'proc',
      'sys',
      'dev',
      'home/node',
    ]) {
      await mkdir(join(tree, path), { recursive: true });
    }
    await run('cp', [process.execPath, join(tree, 'usr/local/bin/node')]);
    const { stdout: npm } = await run('sh', ['-c', 'readlink -f "$(command -v npm)"']);
    await cp(dirname(dirname(npm.trim())), join(tree, 'usr/local/lib/npm'), { recursive: true });
    await symlink('../lib/npm/bin/npm-cli.js', join(tree, 'usr/local/bin/npm'));
    const { stdout: libraries } = await run('ldd', [process.execPath]);
    const files = [...libraries.matchAll(/\/\S+\.so\S*/g)].map(([file]) => file);
    // For names of hosts, which npm resolves, and for its certificates; and what a build's native parts want.
    const { stdout: more } = await run('sh', [
      '-c',
      'ls /lib/*-linux-gnu/libnss_dns.so.2 /lib/*-linux-gnu/libresolv.so.2 /lib/*-linux-gnu/librt.so.1 /etc/ssl/certs/ca-certificates.crt',
    ]);
    files.push(...more.trim().split('\n'));
    await run('cp', ['-L', '--parents', ...new Set(files), tree]);
    await run('cp', ['/bin/busybox', join(tree, 'bin/busybox')]);
    for (const applet of ['sh', 'env', 'cat', 'mkdir', 'chown', 'rm', 'ls', 'test', 'ln', 'id']) {
      await symlink('/bin/busybox', join(tree, 'bin', applet));
    }
    await symlink('/bin/busybox', join(tree, 'usr/bin/env'));
    await writeFile(
      join(tree, 'etc/passwd'),
      'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
    );
    await writeFile(join(tree, 'etc/nsswitch.conf'), 'hosts: files dns\n');
    await writeFile(join(tree, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
    await run('chown', ['1000:1000', join(tree, 'home/node')]);
    await run('chmod', ['1777', join(tree, 'tmp')]);
    await run('tar', ['-C', tree, '--numeric-owner', '-cf', join(this.folder, 'base.tar'), '.']);
    await rm(tree, { recursive: true });
    await this.podman(
      'import',
      '-q',
      '--change',
      'ENV PATH=/usr/local/bin:/usr/bin:/bin',
      '--change',
      'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
      join(this.folder, 'base.tar'),
      base,
    );
    await rm(join(this.folder, 'base.tar'));
  }

  async #serve(): Promise<void> {
    const args = ['system', 'service', '--time=0', `unix://${this.socket}`];
    const child = spawn('podman', args, { env: this.#env, stdio: 'ignore' });
    const exited = once(child, 'exit');
    this.#end = async () => {
      child.kill('SIGKILL');
      await exited;
    };
    const until = Date.now() + 30_000;
    while ((await probe({ path: this.socket }, 1000)) !== 'listens') {
      if (Date.now() > until || child.exitCode !== null) throw new Error('podman does not listen');
    }
  }

  /** Cutover itself, by its Dockerfile as it is. */
  async buildCutover(): Promise<void> {
    await this.build(cutoverImage, root);
  }

  /** The demo application, as anybody would put it into an image. */
  async buildDemo(): Promise<void> {
    const file = join(root, 'examples', 'demo.Dockerfile');
    await this.build(demoImage, join(root, 'examples'), '-f', file);
  }
}

/** A `describe` with an engine; skipped, and its title says why, where none can run. */
export function describeWithEngine(what: string, tests: (real: () => RealEngine) => void): void {
  const missing = ['podman', 'runc', 'conmon', 'busybox'].find(tool => !hasTool(tool));
  const because =
    missing === undefined
      ? process.getuid?.() === 0
        ? undefined
        : 'only root can start containers here'
      : `${missing} is not installed`;
  if (because !== undefined) {
    describe.skip(`${what} (${because})`, () => tests(() => undefined as never));
    return;
  }
  describe(what, function () {
    this.timeout(110_000);
    let real: RealEngine;
    before(async () => {
      real = await RealEngine.start();
      await real.buildDemo();
    });
    after(() => (real as RealEngine | undefined)?.close()); // it may not have started
    tests(() => real);
  });
}
