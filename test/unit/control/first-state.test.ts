import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { parseConfig } from '../../../src/config/config.js';
import { firstState } from '../../../src/control/first-state.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { memoryRegistry } from '../../../src/registry/memory.js';
import {
  RegistryError,
  type Registry,
  type RegistryErrorKind,
} from '../../../src/registry/registry.js';
import { FakeClock } from '../support-clock.js';

const parsed = parseConfig({ cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }] } });
if (!parsed.ok) throw new Error('the configuration is wrong');
const { config } = parsed;

/** Cannot be loaded the first `times` times. */
function failing(times: number, kind: RegistryErrorKind): Registry & { asked: number } {
  const registry = memoryRegistry();
  return {
    ...registry,
    asked: 0,
    load() {
      this.asked += 1;
      if (this.asked > times) return registry.load();
      return Promise.reject(new RegistryError(kind, 'nobody is there'));
    },
  };
}

describe('the first state of control', () => {
  let clock: FakeClock;
  let events: CutoverEvent[];

  beforeEach(() => {
    clock = new FakeClock();
    events = [];
  });

  /** Time passes whenever somebody waits for it. */
  async function began(registry: Registry, patience: number) {
    const report = (event: CutoverEvent) => void events.push(event);
    const state = firstState(registry, { config, patience, clock, report });
    const ended = state.then(
      () => 'ended' as const,
      () => 'ended' as const,
    );
    const passing = async () => {
      await setImmediate();
      if (clock.next !== undefined) clock.advance(clock.next);
    };
    for (let turn = 0; turn < 1000; turn += 1) {
      if ((await Promise.race([ended, passing()])) === 'ended') break;
    }
    return state;
  }

  const types = () => events.map(({ type }) => type);

  const failure = async (registry: Registry, patience: number) => {
    try {
      await began(registry, patience);
    } catch (cause) {
      if (cause instanceof StartError) return cause.message;
      throw cause;
    }
    throw new Error('it began');
  };

  it('awaits a registry that cannot be reached yet, and says so once', async () => {
    const registry = failing(4, 'unavailable');
    const { table } = await began(registry, 15_000);
    expect(table.versions).to.have.length(1);
    expect(registry.asked).to.equal(5);
    expect(clock.now()).to.equal(2000);
    expect(types()).to.deep.equal(['registry-awaited', 'registry-found']);
  });

  it('gives up a registry that does not come in time', async () => {
    const registry = failing(Infinity, 'unavailable');
    expect(await failure(registry, 15_000)).to.equal('nobody is there');
    expect(clock.now()).to.equal(15_000);
    expect(types()).to.deep.equal(['registry-awaited']);
  });

  it('does not wait for what waiting does not change', async () => {
    expect(await failure(failing(1, 'refused'), 15_000)).to.equal('nobody is there');
    expect(await failure(failing(1, 'unavailable'), 0)).to.equal('nobody is there');
    expect(clock.now()).to.equal(0);
    expect(types()).to.deep.equal([]);
  });
});
