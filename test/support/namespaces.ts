/**
 * Machines that are not there: network namespaces, each with an address of its own, joined by a bridge
 * in a namespace of its own, so that the machine on which a test runs keeps its own network as it is.
 * Between them packets are lost, dropped or refused (iptables), and cables pulled (links set down).
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pid } from 'node:process';
import { promisify } from 'node:util';
import type { Stage } from './stage.js';
import { hasTool } from './tools.js';

/** Takes back what was done. A second call changes nothing. */
export type Heal = () => Promise<void>;

/** More is a mistake: a test has a handful of machines. */
const MOST_MACHINES = 16;

/** Nobody outside sees it: these addresses are used within the namespaces only. */
const NETWORK = '10.77.0';

const TAG = 'cutover';

/** The process that made it is in the name: so what a killed run left behind is known to be nobody's. */
export const namespaceName = (owner: number, net: number, machine: string): string =>
  `${TAG}-${owner}-${net}-${machine}`;

/** The process that made this namespace; undefined: it is none of ours. */
export function ownerOf(name: string): number | undefined {
  const owner = /^cutover-(\d+)-\d+-[\w-]+$/.exec(name)?.[1];
  return owner === undefined ? undefined : Number(owner);
}

/** `machine` counts from 0. */
export function addressIn(machine: number): string {
  if (machine < 0 || machine >= MOST_MACHINES) throw new RangeError(`machine ${machine}`);
  return `${NETWORK}.${machine + 1}`;
}

/** What iptables is told about packets that arrive. A sender does not notice: as on a real network. */
export type Fault =
  /** Nothing of this address is heard. */
  | { readonly kind: 'deaf'; readonly to: string }
  /** Every packet of TCP from this address is answered by a reset. */
  | { readonly kind: 'reset'; readonly of: string }
  /** Nothing that others send to this port of TCP, or from it, is heard. */
  | { readonly kind: 'port'; readonly end: 'sport' | 'dport'; readonly port: number }
  /** Each packet is lost with this probability, whoever sent it. */
  | { readonly kind: 'loss'; readonly share: number };

export function ruleFor(fault: Fault): readonly string[] {
  switch (fault.kind) {
    case 'deaf':
      return ['INPUT', '-s', fault.to, '-j', 'DROP'];
    case 'reset': {
      const refusal = ['REJECT', '--reject-with', 'tcp-reset'];
      return ['INPUT', '-p', 'tcp', '-s', fault.of, '-j', ...refusal];
    }
    case 'port': {
      const { end, port } = fault;
      return ['INPUT', '!', '-i', 'lo', '-p', 'tcp', `--${end}`, String(port), '-j', 'DROP'];
    }
    case 'loss': {
      if (!(fault.share > 0 && fault.share < 1)) throw new RangeError(`a loss of ${fault.share}`);
      const chance = ['-m', 'statistic', '--mode', 'random', '--probability', String(fault.share)];
      return ['INPUT', '!', '-i', 'lo', ...chance, '-j', 'DROP'];
    }
  }
}

/**
 * Bytes of a packet: the answers of counting containers (containers.ts) fit into one, so that they come whole or not
 * at all. Of an answer that has begun nobody can be rescued.
 */
const MTU = '9000';

/** `ip -n NAMESPACE …` for each command that joins a machine to the bridge. */
export function wiring(
  hub: string,
  machine: string,
  index: number,
): readonly (readonly string[])[] {
  const port = `port${index}`;
  const ends = [
    ['name', 'eth0', 'mtu', MTU, 'netns', machine],
    ['name', port, 'mtu', MTU, 'netns', hub],
  ] as const;
  return [
    ['link', 'add', ...ends[0], 'type', 'veth', 'peer', ...ends[1]],
    ['-n', machine, 'address', 'add', `${addressIn(index)}/24`, 'dev', 'eth0'],
    ['-n', machine, 'link', 'set', 'lo', 'up'],
    ['-n', machine, 'link', 'set', 'eth0', 'up'],
    ['-n', hub, 'link', 'set', port, 'master', 'bridge', 'up'],
  ];
}

const exec = promisify(execFile);
const ip = async (...args: readonly string[]) => (await exec('ip', args)).stdout;

/** Of this process, which have not been deleted yet. */
const standing = new Set<string>();
process.once('exit', () => standing.forEach(deleteNow));

let nets = 0;

export class Namespaces<Machine extends string> {
  readonly #net = ++nets;
  readonly #machines: readonly Machine[];
  /** What is to be taken back, the last one first. */
  readonly #faults = new Set<Heal>();

  private constructor(machines: readonly Machine[]) {
    this.#machines = machines;
  }

  /** The stage deletes them, whatever is left in them, also where making them failed half-way. */
  static async make<Machine extends string>(
    stage: Stage,
    ...machines: readonly Machine[]
  ): Promise<Namespaces<Machine>> {
    deleteAbandoned();
    const made = new Namespaces(machines);
    const hub = made.#named('hub');
    stage.atEnd(async () => {
      for (const name of [...machines.map(each => made.#named(each)), hub]) await remove(name);
    });
    await add(hub);
    await ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
    await ip('-n', hub, 'link', 'set', 'bridge', 'up');
    for (const [index, machine] of machines.entries()) {
      const name = made.#named(machine);
      await add(name);
      for (const command of wiring(hub, name, index)) await ip(...command);
    }
    return made;
  }

  addressOf(machine: Machine): string {
    return addressIn(this.#machines.indexOf(machine));
  }

  /** What stands before a command that is to run there. It becomes that command: the pid stays. */
  prefix(machine: Machine): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.#named(machine)];
  }

  /** What it writes. */
  async run(machine: Machine, ...command: readonly string[]): Promise<string> {
    const [program, ...args] = this.prefix(machine);
    return (await exec(program, [...args, ...command])).stdout;
  }

  /** Neither hears the other. */
  async partition(one: Machine, other: Machine): Promise<Heal> {
    return all(await this.deaf(one, other), await this.deaf(other, one));
  }

  /** `one` does not hear `other`, which still hears `one`. */
  deaf(one: Machine, other: Machine): Promise<Heal> {
    return this.#fault(one, { kind: 'deaf', to: this.addressOf(other) });
  }

  /** Whatever one says to the other over TCP is answered by a reset. */
  async reset(one: Machine, other: Machine): Promise<Heal> {
    return all(
      await this.#fault(one, { kind: 'reset', of: this.addressOf(other) }),
      await this.#fault(other, { kind: 'reset', of: this.addressOf(one) }),
    );
  }

  /** Other machines reach nobody who listens at this port there. */
  unreached(one: Machine, port: number): Promise<Heal> {
    return this.#fault(one, { kind: 'port', end: 'dport', port });
  }

  /** Nobody there reaches who listens at this port on other machines. */
  unreaching(one: Machine, port: number): Promise<Heal> {
    return this.#fault(one, { kind: 'port', end: 'sport', port });
  }

  /** Of what arrives at `one`, from everybody, this share is lost. */
  loss(one: Machine, share: number): Promise<Heal> {
    return this.#fault(one, { kind: 'loss', share });
  }

  /** Its cable is pulled: nobody hears it, it hears nobody, and it knows. */
  async unplug(one: Machine): Promise<Heal> {
    const set = (to: 'up' | 'down') =>
      ip('-n', this.#named('hub'), 'link', 'set', `port${this.#machines.indexOf(one)}`, to);
    await set('down');
    return this.#remembered(() => set('up'));
  }

  /** Packets that the faults of `one` have taken so far. */
  async taken(one: Machine): Promise<number> {
    const listed = await this.run(one, 'iptables', '-w', '-nvxL', 'INPUT');
    return packetsIn(listed);
  }

  /** Connections over TCP that somebody at `one` has accepted at `port`. */
  async connectionsTo(one: Machine, port: number): Promise<number> {
    return establishedAt(port, await this.run(one, 'cat', '/proc/net/tcp'));
  }

  /** All faults. */
  async heal(): Promise<void> {
    for (const heal of [...this.#faults].reverse()) await heal();
  }

  async #fault(at: Machine, fault: Fault): Promise<Heal> {
    const [chain = '', ...rule] = ruleFor(fault);
    await this.run(at, 'iptables', '-w', '-A', chain, ...rule);
    return this.#remembered(() => this.run(at, 'iptables', '-w', '-D', chain, ...rule));
  }

  #remembered(undo: () => Promise<unknown>): Heal {
    const heal = async () => {
      if (this.#faults.delete(heal)) await undo();
    };
    this.#faults.add(heal);
    return heal;
  }

  #named(machine: string): string {
    return namespaceName(pid, this.#net, machine);
  }
}

/** The packets that each rule has met: the first column of `iptables -nvxL`, below its two headings. */
export const packetsIn = (listed: string): number =>
  listed
    .split('\n')
    .slice(2)
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0);

/** `/proc/net/tcp` (proc_pid_net(5)): behind the row's number, both addresses, and the state. */
export const establishedAt = (port: number, table: string): number => {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = table.split('\n').map(line => line.trim().split(/\s+/));
  return rows.filter(([, from, , state]) => from?.endsWith(local) && state === ESTABLISHED).length;
};

const ESTABLISHED = '01';

/** What heals all of these faults. */
export const all =
  (...heals: readonly Heal[]): Heal =>
  async () => {
    for (const heal of heals) await heal();
  };

async function add(name: string): Promise<void> {
  standing.add(name);
  await ip('netns', 'add', name);
}

async function remove(name: string): Promise<void> {
  if (!standing.delete(name)) return;
  await ip('netns', 'delete', name);
}

function deleteNow(name: string): void {
  try {
    execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
  } catch {
    // it was not made, or is gone
  }
}

/** What runs that were killed have left behind. */
function deleteAbandoned(): void {
  const listed = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  for (const line of listed.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const owner = ownerOf(name);
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) deleteNow(name);
  }
}

let obstacle: string | undefined | false = false;

/** Why this machine cannot have namespaces with faults; undefined: it can. */
export function whyNoNamespaces(): string | undefined {
  if (obstacle === false) obstacle = lookedFor();
  return obstacle;
}

function lookedFor(): string | undefined {
  for (const tool of ['ip', 'iptables']) {
    if (!hasTool(tool)) return `${tool} is not installed`;
  }
  const name = namespaceName(pid, 0, 'probe');
  const rules = [
    ruleFor({ kind: 'loss', share: 0.5 }),
    ruleFor({ kind: 'reset', of: addressIn(0) }),
  ];
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' });
    for (const rule of rules) {
      const command = ['netns', 'exec', name, 'iptables', '-w', '-A', ...rule];
      execFileSync('ip', command, { stdio: 'pipe' });
    }
    return undefined;
  } catch (cause) {
    const said = String((cause as { stderr?: unknown }).stderr ?? cause).trim();
    return `no network namespaces here: ${said.split('\n')[0] ?? ''}`;
  } finally {
    deleteNow(name);
  }
}

/** Tests that are skipped, and say so in their title, where there can be no namespaces. */
export function describeInNamespaces(what: string, tests: (this: Mocha.Suite) => void): void {
  const because = whyNoNamespaces();
  if (because === undefined) describe(what, tests);
  else describe.skip(`${what} (${because})`, tests);
}
