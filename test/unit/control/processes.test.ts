import { expect } from 'chai';
import type { KnownFollower } from '../../../src/control/herald.js';
import { Processes } from '../../../src/control/processes.js';
import { workerId } from '../../../src/kernel/ids.js';
import type { FollowerRole } from '../../../src/wire/control-message.js';
import {
  frontendMeasures,
  measures,
  processMeasures,
  versionMeasures,
  workerMeasures,
} from './measured.js';

const idOf = (n: number) => workerId(Buffer.from([0, n]));
const follower = (n: number, role: FollowerRole, name = `${role}-${n}`): KnownFollower => ({
  id: idOf(n),
  name,
  role,
  edition: 7,
});

function stand(...followers: readonly KnownFollower[]) {
  const living = [...followers];
  const processes = new Processes({ followers: () => living, edition: () => 8 });
  return { living, processes, names: () => processes.processes(0).map(({ name }) => name) };
}

describe('the processes that live', () => {
  it('begin with control, which measures itself', () => {
    const { processes } = stand();
    processes.own(
      processMeasures({ load: 0.1, memory: 5, eventLoopDelay: { p50: 0, p99: 0.002, max: 1 } }),
    );
    expect(processes.processes(0)).to.deep.equal([
      {
        name: 'control',
        role: 'control',
        edition: 8,
        requests: 0,
        inFlight: 0,
        queued: 0,
        connections: 0,
        cpu: 0.1,
        memory: 5,
        eventLoopDelay: 2,
      },
    ]);
  });

  it('show what a frontend told last: rates each second of its own period', () => {
    const { processes } = stand(follower(1, 'frontend'));
    const work = frontendMeasures({
      inFlight: 5,
      queued: 3,
      connections: 70,
      requests: [
        { end: 'answered', status: '2xx', count: 400 },
        { end: 'cut', status: '2xx', count: 100 },
      ],
    });
    processes.measured(idOf(1), measures(work, { period: 2000, load: 0.5 }), 100);
    expect(processes.processes(200)[1]).to.include({
      name: 'frontend-1',
      role: 'frontend',
      edition: 7,
      requests: 250,
      inFlight: 5,
      queued: 3,
      connections: 70,
      cpu: 0.5,
    });
  });

  it('show what a worker told: of all versions, and all its connections', () => {
    const { processes } = stand(follower(1, 'worker'));
    const requests = [{ strategy: 'NONE', end: 'answered', status: '2xx', count: 30 }] as const;
    const work = workerMeasures({
      connections: { busy: 2, idle: 5 },
      versions: [versionMeasures('a', { requests }), versionMeasures('b', { requests })],
    });
    processes.measured(idOf(1), measures(work), 0);
    expect(processes.processes(0)[1]).to.include({ requests: 60, queued: 0, connections: 7 });
  });

  it('have no rates any more where nothing was told for five seconds', () => {
    const { processes } = stand(follower(1, 'frontend'));
    const work = frontendMeasures({ requests: [{ end: 'answered', status: '2xx', count: 9 }] });
    processes.measured(idOf(1), measures(work, { load: 1 }), 0);
    expect(processes.processes(5000)[1]).to.include({ requests: 9, cpu: 1 });
    expect(processes.processes(5001)[1]).to.include({ requests: 0, cpu: 0, memory: 64_000_000 });
  });

  it('are there before they have told anything, without an edition while they have none', () => {
    const { processes } = stand({ ...follower(1, 'worker'), edition: 0 });
    const [, worker] = processes.processes(0);
    expect(worker).to.include({ name: 'worker-1', requests: 0, memory: 0 });
    expect(worker).not.to.have.property('edition');
  });

  it('stand in one order, numbers by their size, whoever came first', () => {
    const { names } = stand(
      follower(10, 'worker'),
      follower(9, 'worker'),
      follower(2, 'frontend'),
      follower(1, 'frontend'),
    );
    expect(names()).to.deep.equal(['control', 'frontend-1', 'frontend-2', 'worker-9', 'worker-10']);
  });

  it('keep apart two of one name, as two machines have them', () => {
    const { processes, names } = stand(
      follower(1, 'worker', 'worker-1'),
      follower(2, 'worker', 'worker-1'),
      follower(3, 'frontend', 'worker-1'),
    );
    processes.measured(idOf(2), measures(workerMeasures({ inFlight: 4 })), 0);
    expect(names()).to.deep.equal(['control', 'worker-1', 'worker-1', 'worker-1:2']);
    expect(processes.processes(0).map(({ inFlight }) => inFlight)).to.deep.equal([0, 0, 0, 4]);
  });

  it('are forgotten when they have gone: their ids may be used again', () => {
    const { living, processes } = stand(follower(1, 'worker'), follower(2, 'worker'));
    processes.measured(idOf(1), measures(workerMeasures({ inFlight: 4 })), 0);
    const [gone] = living.splice(0, 1);
    expect(processes.processes(0)).to.have.length(2);
    processes.measured(idOf(2), measures(workerMeasures()), 1000);
    living.push(gone!);
    expect(processes.processes(1000).map(({ inFlight }) => inFlight)).to.deep.equal([0, 0, 0]);
  });
});
