/** A real etcd, of one member or several, with a folder of its own; a test may kill, pause and restart members. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { freePort, type ServerAddress } from './scripted-container.js';
import type { Stage } from './stage.js';
import { hasTool } from './tools.js';
import { eventually } from './within.js';

/** Skipped, and says so in its title, where etcd is not installed. */
export const describeWithEtcd = hasTool('etcd')
  ? describe
  : (what: string, suite: (this: Mocha.Suite) => void) =>
      describe.skip(`${what} (etcd is not installed)`, suite);

export interface EtcdOptions {
  readonly members?: number;
  /** Certificates of the servers, and the one that signs those of clients. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** A machine for each member (namespaces.ts), instead of this one. */
  readonly at?: readonly Machine[];
}

/** Ports, where each member has a machine of its own. */
export const ETCD = { clients: 2379, peers: 2380 } as const;

interface Machine {
  readonly ip: string;
  /** What stands before a command that is to run there. */
  readonly prefix: readonly string[];
}

const hostPort = ({ ip, port }: ServerAddress) => `${ip}:${port}`;

interface Member {
  readonly name: string;
  readonly args: readonly string[];
  readonly client: string;
  /** What stands before its command. */
  readonly prefix: readonly string[];
  child: ChildProcess | undefined;
}

const living = new Set<ChildProcess>();
process.once('exit', () => living.forEach(child => child.kill('SIGKILL')));

export class EtcdCluster {
  readonly endpoints: readonly string[];
  readonly #members: readonly Member[];
  readonly #tls: EtcdOptions['tls'];

  private constructor(members: readonly Member[], tls: EtcdOptions['tls']) {
    this.#members = members;
    this.#tls = tls;
    this.endpoints = members.map(({ client }) => client);
  }

  /** Every member is there, and they have a leader. */
  static async start(stage: Stage, options: EtcdOptions = {}): Promise<EtcdCluster> {
    const { tls, at: machines } = options;
    const { members = machines?.length ?? 1 } = options;
    const folder = await stage.folder();
    const scheme = tls === undefined ? 'http' : 'https';
    const names = Array.from({ length: members }, (_, at) => `m${at + 1}`);
    const places = await Promise.all(
      names.map(async (name, at) => {
        const [client, peer] = await portsOn(machines?.[at]);
        return {
          name,
          client: `${scheme}://${hostPort(client)}`,
          peer: `http://${hostPort(peer)}`,
          prefix: machines?.[at]?.prefix ?? [],
        };
      }),
    );
    const initial = places.map(({ name, peer }) => `${name}=${peer}`).join(',');
    const made = places.map(({ name, client, peer, prefix }): Member => {
      const args = [
        ...['--name', name, '--data-dir', join(folder, name), '--logger', 'zap'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', initial, '--heartbeat-interval', '50'],
        ...['--election-timeout', '500', '--log-level', 'error'],
        ...(tls === undefined
          ? []
          : [
              ...['--cert-file', tls.cert, '--key-file', tls.key],
              ...['--client-cert-auth', '--trusted-ca-file', tls.ca],
            ]),
      ];
      return { name, args, client, prefix, child: undefined };
    });
    const cluster = new EtcdCluster(made, tls);
    stage.atEnd(() => cluster.stop());
    for (let at = 0; at < members; at += 1) cluster.restart(at);
    await cluster.ready();
    return cluster;
  }

  async ready(): Promise<void> {
    await eventually('etcd has a leader', () => this.#isHealthy(), 30_000);
  }

  /** As by kill -9. */
  async kill(at: number): Promise<void> {
    const { child } = this.#member(at);
    if (child === undefined) return;
    this.#member(at).child = undefined;
    const exited =
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await exited;
    living.delete(child);
  }

  /** Does nothing where it lives. */
  restart(at: number): void {
    const member = this.#member(at);
    if (member.child !== undefined) return;
    const [command, ...args] = [...member.prefix, 'etcd', ...member.args] as const;
    const child = spawn(command!, args, { stdio: 'ignore' });
    member.child = child;
    living.add(child);
  }

  pause(at: number): void {
    this.#member(at).child?.kill('SIGSTOP');
  }

  resume(at: number): void {
    this.#member(at).child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((_, at) => this.kill(at)));
  }

  #member(at: number): Member {
    return this.#members[at]!;
  }

  async #isHealthy(): Promise<boolean> {
    const all = this.#members.filter(({ child }) => child !== undefined);
    const answers = await Promise.all(all.map(each => this.#health(each)));
    return answers.every(Boolean);
  }

  /** With TLS clients need certificates: what listens is asked later, by the client under test. */
  async #health({ client, prefix }: Member): Promise<boolean> {
    if (this.#tls !== undefined) return true;
    const answer = await textAt(`${client}/health`, prefix).catch(() => '{}');
    return (JSON.parse(answer) as { health?: string }).health === 'true';
  }
}

/** For clients and for other members. On a machine of its own they are those that everybody expects. */
const portsOn = (machine: Machine | undefined) =>
  machine === undefined
    ? Promise.all([freePort(), freePort()])
    : ([
        { ip: machine.ip, port: ETCD.clients },
        { ip: machine.ip, port: ETCD.peers },
      ] as const);

const exec = promisify(execFile);

/** What is there, asked from where `prefix` leads. */
async function textAt(url: string, prefix: readonly string[]): Promise<string> {
  const [program, ...args] = prefix;
  if (program === undefined) return (await fetch(url)).text();
  const script = `process.stdout.write(await (await fetch('${url}')).text())`;
  const command = [...args, execPath, '--input-type=module', '-e', script];
  return (await exec(program, command, { timeout: 5000 })).stdout;
}
