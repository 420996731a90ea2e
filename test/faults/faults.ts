/**
 * What can happen to a process, as a table: each fault says to whom it can be done, does it, and gives back
 * what makes it good again. What it may cost is said here as well, once, for tests and walks alike.
 */
import type { Told } from './faulty-container.js';
import { freeze } from './held-connections.js';
import type { World } from './world.js';

export type TargetKind = 'frontend' | 'worker' | 'control' | 'stable' | 'newer';

/** Settles when the target is as good as before. */
export type Heal = () => Promise<void>;

export interface Fault {
  readonly name: string;
  readonly on: TargetKind;
  /**
   * How requests may end that it hits (see Failed.how). Of those that are safe to repeat nothing may fail as
   * long as a worker and a server of their version, or of an older one, are well; the exceptions say why.
   */
  readonly mayCost: { readonly safe: readonly string[]; readonly others: readonly string[] };
  inject(at: World, target: string): Promise<Heal>;
}

const free = { safe: [], others: [] } as const;
const notRepeated = { safe: [], others: ['502'] } as const;

/** Signals to processes of Cutover. */
function toRoles(on: 'frontend' | 'worker' | 'control', costs: Costs): readonly Fault[] {
  return [
    {
      name: 'is killed',
      on,
      mayCost: costs.killed,
      inject: (at, role) => at.end(role, 'SIGKILL'),
    },
    {
      name: 'is told to end',
      on,
      mayCost: free,
      inject: (at, role) => at.end(role, 'SIGTERM'),
    },
    {
      name: 'hangs',
      on,
      mayCost: costs.frozen,
      async inject(at, role) {
        const pid = at.pidOf(role);
        await freeze(pid);
        return () => Promise.resolve(void process.kill(pid, 'SIGCONT'));
      },
    },
  ];
}

type Costs = Readonly<Record<'killed' | 'frozen', Fault['mayCost']>>;

function toContainers(on: 'stable' | 'newer', hung: Fault['mayCost']): readonly Fault[] {
  return [
    {
      name: 'is killed',
      on,
      mayCost: notRepeated,
      async inject(at, name) {
        const container = at.container(name);
        await container.kill();
        return () => container.start();
      },
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
    },
    {
      name: 'hangs in the kernel',
      on,
      mayCost: hung,
      async inject(at, name) {
        const container = at.container(name);
        await freeze(container.pid);
        return () => Promise.resolve(container.signal('SIGCONT'));
      },
    },
    misbehaves('refuses', on, 'refuse', notRepeated),
    misbehaves('hangs', on, 'hang', hung),
    misbehaves('closes connections', on, 'close', notRepeated),
    misbehaves('resets in the head', on, 'reset in the head', notRepeated),
    misbehaves('sends garbage', on, 'garbage', notRepeated),
    misbehaves('drips', on, 'drip', free),
  ];
}

const misbehaves = (
  name: string,
  on: 'stable' | 'newer',
  told: Told,
  mayCost: Fault['mayCost'],
): Fault => ({
  name,
  on,
  mayCost,
  async inject(at, target) {
    const container = at.container(target);
    await container.tell(told);
    return () => container.tell('serve');
  },
});

/** What is on its way to the client when the container fails cannot be taken back. */
const passedOn = (...how: readonly string[]) => ({ safe: how, others: how });

export const faults: readonly Fault[] = [
  // Its connections die with it. What hangs for longer than `silence` loses its workers, and they theirs.
  ...toRoles('frontend', { killed: { safe: ['cut'], others: ['cut'] }, frozen: notRepeated }),
  ...toRoles('worker', { killed: notRepeated, frozen: notRepeated }),
  ...toRoles('control', { killed: free, frozen: free }),
  // The stable version is waited for as long as any answer may take: nothing is left for another attempt.
  ...toContainers('stable', { safe: ['504'], others: ['504'] }),
  ...toContainers('newer', { safe: [], others: ['504'] }),
  misbehaves('resets in the body', 'stable', 'reset in the body', passedOn('ECONNRESET')),
  // Held back until it is whole, where another attempt is possible.
  misbehaves('resets in the body', 'newer', 'reset in the body', {
    safe: [],
    others: ['ECONNRESET'],
  }),
  misbehaves('answers without end', 'stable', 'endless', passedOn('endless')),
  misbehaves('answers without end', 'newer', 'endless', passedOn('endless')),
  misbehaves('answers 500', 'stable', 'error', passedOn('500')),
  misbehaves('answers 500', 'newer', 'error', { safe: [], others: ['500'] }),
];
