import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { runRole, type Process } from '../../../src/supervisor/run-role.js';

/** A process and a role that exist only in the test. */
function stage({ supervised }: { readonly supervised: boolean }) {
  const signals = new EventEmitter();
  const said: unknown[] = [];
  const exits: unknown[] = [];
  const events: CutoverEvent[] = [];
  const channel = {
    connected: true,
    send: (message: unknown, _: unknown, __: unknown, sent: () => void) => {
      said.push(message);
      sent();
      return true;
    },
  };
  const host = Object.assign(
    signals,
    { exit: (code: number) => exits.push(code) },
    supervised && channel,
  );
  let stops = 0;
  let stopped: () => void = () => undefined;
  const role = {
    stopped: new Promise<void>(resolve => (stopped = resolve)),
    stop: () => {
      stops += 1;
      return Promise.resolve();
    },
  };
  const running = runRole(host as unknown as Process, {
    report: event => void events.push(event),
    start: () => Promise.resolve(role),
  });
  const started = () => new Promise(resolve => setImmediate(resolve));
  return { signals, said, exits, events, running, started, stopped, stops: () => stops };
}

describe('runRole', () => {
  it('drains on the first signal and ends when the role has', async () => {
    const { signals, exits, running, started, stopped, stops } = stage({ supervised: false });
    await started();
    signals.emit('SIGTERM', 'SIGTERM');
    expect(stops()).to.equal(1);
    stopped();
    await running;
    expect(exits).to.deep.equal([]);
  });

  it('ends at once on the second signal', async () => {
    const { signals, exits, started } = stage({ supervised: false });
    await started();
    signals.emit('SIGINT', 'SIGINT');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(exits).to.deep.equal([1]);
  });

  it('goes on draining on a second signal if it has a supervisor: a group is told twice', async () => {
    const { signals, exits, started, stops } = stage({ supervised: true });
    await started();
    signals.emit('SIGTERM', 'SIGTERM');
    signals.emit('SIGTERM', 'SIGTERM');
    expect(exits).to.deep.equal([]);
    expect(stops()).to.equal(1);
  });

  it('ends at once on a signal before it has started: nothing is in flight', () => {
    const { signals, exits } = stage({ supervised: false });
    signals.emit('SIGTERM', 'SIGTERM');
    expect(exits).to.deep.equal([0]);
  });

  it('tells its supervisor when it is ready', async () => {
    const { said, started } = stage({ supervised: true });
    await started();
    expect(said).to.deep.equal([{ type: 'ready' }]);
  });

  it('leaves Ctrl-C to its supervisor', async () => {
    const { signals, exits, started, stops } = stage({ supervised: true });
    await started();
    signals.emit('SIGINT', 'SIGINT');
    signals.emit('SIGHUP', 'SIGHUP');
    expect([stops(), exits]).to.deep.equal([0, []]);
  });

  it('drains once when its supervisor has died', async () => {
    const { signals, exits, started, stops } = stage({ supervised: true });
    await started();
    signals.emit('disconnect');
    signals.emit('disconnect');
    expect([stops(), exits]).to.deep.equal([1, []]);
  });

  it('reports what nobody caught, and ends', async () => {
    const { signals, exits, events, started } = stage({ supervised: false });
    await started();
    const cause = new Error('torn');
    signals.emit('uncaughtException', cause);
    expect(events).to.deep.equal([{ type: 'fault', where: 'process', cause }]);
    expect(exits).to.deep.equal([1]);
  });
});
