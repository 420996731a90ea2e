/**
 * What can happen to a process, as a table: each fault says to whom it can be done, does it, and gives back
 * what makes it good again. What it may cost is said here as well, once, for tests and walks alike.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CutoverEvent } from '../../src/kernel/events.js';
import { descriptorsOf, isAlive } from '../support/process-facts.js';
import { hasTool } from '../support/tools.js';
import type { Told } from './faulty-container.js';
import { freeze } from './held-connections.js';
import { device, RESTART, type World } from './world.js';

export type TargetKind = 'frontend' | 'worker' | 'control' | 'stable' | 'newer';

/** Settles when the target is as good as before. */
export type Heal = () => Promise<void>;

/** How requests may end that a fault hits (see Failed.how), by whether they are safe to repeat. */
export interface Costs {
  readonly safe: readonly string[];
  readonly others: readonly string[];
}

export interface Fault {
  readonly name: string;
  readonly on: TargetKind;
  /**
   * Nothing that is safe to repeat may fail as long as a worker and a server of its version, or of an older
   * one, are well; every exception has its reason beside it.
   */
  readonly mayCost: Costs;
  /** Milliseconds after it is healed in which it may still cost so much; default: none. */
  readonly aftermath?: number;
  inject(at: World, target: string): Promise<Heal>;
  /** Settles when Cutover has noticed, by what it logs after `since` lines; left out: it never need. */
  noticed?(at: World, target: string, since: number): Promise<unknown>;
}

const nothing: Costs = { safe: [], others: [] };
/** Nobody knows how far it has come: it fails rather than being done twice. */
const notRepeated: Costs = { safe: [], others: ['502'] };
/** What is on its way to the client when the container fails cannot be taken back. */
const passedOn = (...how: readonly string[]): Costs => ({ safe: how, others: how });

type Role = 'frontend' | 'worker' | 'control';
type Noticed = NonNullable<Fault['noticed']>;

/** What signals do to processes of Cutover. */
const toRoles = (
  on: Role,
  costs: { readonly killed: Costs; readonly ended: Costs; readonly frozen: Costs },
  noticed: Noticed,
): readonly Fault[] => [
  {
    name: 'is killed',
    on,
    mayCost: costs.killed,
    inject: (at, role) => at.end(role, 'SIGKILL'),
    noticed: roleEnded,
  },
  {
    name: 'is told to end',
    on,
    mayCost: costs.ended,
    inject: (at, role) => at.end(role, 'SIGTERM'),
    noticed: roleEnded,
  },
  {
    name: 'hangs',
    on,
    mayCost: costs.frozen,
    aftermath: device.silence * 1000, // others have given it up, which it hears of one by one
    async inject(at, role) {
      const pid = at.pidOf(role);
      await freeze(pid);
      return () => {
        process.kill(pid, 'SIGCONT');
        return Promise.resolve();
      };
    },
    noticed,
  },
];

const run = promisify(execFile);

/** Those that it has stay; nothing more can be opened. */
const withoutDescriptors = (on: Role, mayCost: Costs): readonly Fault[] =>
  hasTool('prlimit')
    ? [
        {
          name: 'has no descriptors left',
          on,
          mayCost,
          async inject(at, role) {
            const pid = at.pidOf(role);
            const limit = (most: number | string) =>
              run('prlimit', ['--pid', String(pid), `--nofile=${most}:`]);
            const { stdout } = await run('prlimit', [
              ...['--pid', String(pid), '--nofile', '--raw', '--noheadings', '--output', 'SOFT'],
            ]);
            await limit(await descriptorsOf(pid));
            const since = at.cutover.lines.length;
            return async () => {
              // Somebody who connects now may have ended it: libzmq gives up where it cannot accept over ipc.
              if (await isAlive(pid)) await limit(stdout.trim());
              else await roleReady(at, role, since);
            };
          },
        },
      ]
    : [];

const roleEnded: Noticed = ({ cutover }, role, since) =>
  cutover.logged('role-ended', { since, ms: RESTART, where: line => line.role === role });

const roleReady: Noticed = ({ cutover }, role, since) =>
  cutover.logged('role-ready', { since, ms: RESTART, where: line => line.role === role });

const workerLost: Noticed = ({ cutover }, role, since) =>
  cutover.logged('worker-lost', { since, ms: RESTART, where: ({ name }) => name === role });

const frontendLost: Noticed = ({ cutover }, _, since) =>
  cutover.logged('frontend-lost', { since, ms: RESTART });

/** Whoever follows it says nothing, and goes on: it hangs until they have given it up. */
const longSilence: Noticed = () =>
  new Promise(resume => setTimeout(resume, 1.5 * device.silence * 1000));

/** What signals and bad manners do to containers. */
const toContainers = (on: 'stable' | 'newer', hung: Costs): readonly Fault[] => [
  {
    name: 'is killed',
    on,
    mayCost: notRepeated,
    async inject(at, name) {
      const container = at.container(name);
      await container.kill();
      return () => container.start();
    },
    noticed: serverRefused,
  },
  {
    name: 'is told to end',
    on,
    mayCost: notRepeated, // a connection that it closes may have a request on its way
    async inject(at, name) {
      const container = at.container(name);
      await container.terminate();
      return () => container.start();
    },
    noticed: serverRefused,
  },
  {
    name: 'hangs in the kernel',
    on,
    mayCost: hung,
    async inject(at, name) {
      const container = at.container(name);
      await freeze(container.pid);
      return () => {
        container.signal('SIGCONT');
        return Promise.resolve();
      };
    },
    noticed: gaveUp('ERR_SERVER_SILENT'),
  },
  misbehaves('refuses', on, 'refuse', notRepeated, serverRefused),
  misbehaves('hangs', on, 'hang', hung, gaveUp('ERR_SERVER_SILENT')),
  misbehaves('closes connections', on, 'close', notRepeated, serverEjected),
  misbehaves('resets in the head', on, 'reset in the head', notRepeated, serverEjected),
  misbehaves('sends garbage', on, 'garbage', notRepeated, serverEjected),
  misbehaves('drips', on, 'drip', nothing),
];

const misbehaves = (
  name: string,
  on: 'stable' | 'newer',
  told: Told,
  mayCost: Costs,
  noticed?: Noticed,
): Fault => ({
  name,
  on,
  mayCost,
  async inject(at, target) {
    const container = at.container(target);
    await container.tell(told);
    return () => container.tell('serve');
  },
  ...(noticed !== undefined && { noticed }),
});

const serverNamed =
  (type: 'server-refused' | 'server-ejected'): Noticed =>
  (at, target, since) => {
    const { ip, port } = at.container(target).address;
    const where = ({ server }: { readonly server: string }) => server === `${ip}:${port}`;
    return at.cutover.logged(type, { since, ms: RESTART, where });
  };
const serverRefused = serverNamed('server-refused');
const serverEjected = serverNamed('server-ejected');

type ExchangeFailed = Extract<CutoverEvent, { readonly type: 'exchange-failed' }>;

/** A request that nobody else could answer: some are not safe to repeat. */
function gaveUp(code: ExchangeFailed['code']): Noticed {
  return ({ cutover }, _, since) =>
    cutover.logged('exchange-failed', { since, ms: RESTART, where: line => line.code === code });
}

export const faults: readonly Fault[] = [
  ...toRoles(
    'frontend',
    {
      killed: passedOn('cut'), // its connections die with it
      // libzmq cannot stop listening without cutting connections: one that comes in at the very end is cut
      ended: passedOn('broken'),
      frozen: notRepeated, // its workers give it up, and it its workers
    },
    frontendLost,
  ),
  ...toRoles('worker', { killed: notRepeated, ended: nothing, frozen: notRepeated }, workerLost),
  ...toRoles('control', { killed: nothing, ended: nothing, frozen: nothing }, longSilence),
  // Not to frontends: descriptors.test.ts says why.
  // What its idle connections do not suffice for is given to another worker.
  ...withoutDescriptors('worker', nothing),
  ...withoutDescriptors('control', nothing),
  // The stable version is waited for as long as any answer may take: nothing is left for another attempt. Of
  // a newer one the 500 is passed on that was to be rescued.
  ...toContainers('stable', passedOn('504', '500')),
  ...toContainers('newer', { safe: [], others: ['504'] }),
  misbehaves('resets in the body', 'stable', 'reset in the body', passedOn('broken', '502')),
  // Held back until it is whole, where another attempt is possible.
  misbehaves('resets in the body', 'newer', 'reset in the body', {
    safe: [],
    others: ['broken', '502'],
  }),
  misbehaves('answers without end', 'stable', 'endless', passedOn('endless')),
  misbehaves('answers without end', 'newer', 'endless', passedOn('endless')),
  misbehaves('answers 500', 'stable', 'error', passedOn('500')),
  misbehaves('answers 500', 'newer', 'error', { safe: [], others: ['500'] }),
];
