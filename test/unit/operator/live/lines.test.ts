import { expect } from 'chai';
import { crewAfter, type CrewMember } from '../../../../src/operator/live/crew-list.js';
import { viewLines, type Seen, type Size } from '../../../../src/operator/live/lines.js';
import { lineIn } from '../../../../src/operator/live/log-tail.js';
import { shownLive, type ShownLive } from '../../../../src/operator/live/shown-live.js';
import { columnsWithin, painted, tone } from '../../../../src/operator/live/spans.js';

const moving = {
  id: 'b',
  version: '2.0',
  servers: [],
  upgradeTransition: { mode: 'GRADUAL' },
  state: 'running',
  progress: 40,
  verdict: 'inconclusive',
  exchanges: 812,
  share: 37.5,
  requests: 812.4,
  failures: 0.25,
  rescues: 0,
  delay: { p50: 1, p95: 5, p99: 12.345 },
};
const old = {
  ...{ id: 'a', version: '1.0', servers: [], upgradeTransition: { mode: 'INSTANT' } },
  ...{ state: 'complete', share: 62.5, requests: 1354, failures: 0, rescues: 0 },
};
const worker = {
  ...{ name: 'worker-1', role: 'worker', requests: 1000, inFlight: 3, queued: 0, connections: 64 },
  ...{ cpu: 0.414, memory: 2 ** 20 * 88, eventLoopDelay: 1.5 },
};
const live = shownLive.parse({
  versions: [moving, old],
  upgrade: { id: 'b', points: [{ strength: 0.1 }, { strength: 0.42 }] },
  processes: [worker],
});
const crew: readonly CrewMember[] = [
  { role: 'worker-1', pid: 41, state: 'ready' },
  { role: 'worker-2', pid: 42, state: 'again' },
];
const logged = (message: string, level = 'info') =>
  lineIn(JSON.stringify({ level, time: '2026-01-01T00:00:00Z', process: 'worker-1', message }));

const seen = (more: Partial<Seen> = {}): Seen => ({
  release: '1.2.3',
  age: 90_000,
  clients: '127.0.0.1:8080',
  control: { kind: 'there', address: '127.0.0.1:9090', live },
  crew,
  log: [logged('first'), logged('last')],
  ...more,
});

const text = (from: Seen, size: Size = { columns: 140, rows: 30 }) =>
  viewLines(from, size).map(line => painted(line, size.columns, false).trimEnd());

const withLive = (more: Partial<ShownLive>): Seen =>
  seen({ control: { kind: 'there', address: 'a', live: { ...live, ...more } } });

describe('the view of cutover up', () => {
  it('shows versions with their share, load and verdict, processes, and the last log lines', () => {
    const lines = text(seen());
    expect(lines[0]).to.equal(
      'cutover 1.2.3   clients 127.0.0.1:8080   control 127.0.0.1:9090   up 90 s',
    );
    expect(lines.slice(2, 6)).to.deep.equal([
      'VERSION  STATE     STRATEGY  SHARE                         REQ/S  P99 MS  FAILED/S  RESCUED/S  VERDICT',
      '2.0      running   GRADUAL   ████████░░░░░░░░░░░░  37.5 %    812    12.3      0.25          0  inconclusive (812)',
      '  40 % of new sessions, evidence against it: 42 % of what is needed',
      '1.0      complete  INSTANT   █████████████░░░░░░░  62.5 %   1354       -         0          0  -',
    ]);
    expect(lines.slice(7, 10)).to.deep.equal([
      'PROCESS   STATE           PID  REQ/S  IN FLIGHT  QUEUED  CONNECTIONS   CPU  MEMORY  LOOP MS',
      'worker-1  ready            41   1000          3       0           64  41 %  88 MiB      1.5',
      'worker-2  starting again   42      -          -       -            -     -       -        -',
    ]);
    expect(lines.slice(-2).map(line => line.replace(/^[\d:]{8}/, 'TIME'))).to.deep.equal([
      'TIME worker-1: first',
      'TIME worker-1: last',
    ]);
  });

  it('says why a version was taken back', () => {
    const demoted = { ...moving, state: 'demoted', because: 'it fails more often' };
    const lines = text(withLive({ versions: [demoted, old] }));
    expect(lines[4])
      .to.match(/^ {2}it fails more often/)
      .and.not.include('evidence');
  });

  it('shows processes and log while there is no control, or before it was heard of', () => {
    const without = text(seen({ control: { kind: 'none' }, clients: undefined }));
    expect(without[0]).to.include('starting   no control');
    expect(without).to.include('PROCESS   STATE           PID');
    expect(text(seen({ control: { kind: 'awaited' } }))[0]).to.include('control starting');
    const away = text(seen({ control: { kind: 'away', because: 'ECONNREFUSED' } }));
    expect(away[0]).to.include('control away');
    expect(away[2]).to.equal('ECONNREFUSED');
  });

  it('never has more lines or columns than the terminal, whatever its size', () => {
    const versions = Array.from({ length: 40 }, (_, at) => ({
      ...old,
      id: `${at}`,
      version: `1.${at}`,
    }));
    const many = Array.from({ length: 70 }, (_, at) => ({ ...crew[0]!, role: `worker-${at}` }));
    const full = {
      ...withLive({ versions }),
      crew: many,
      log: Array(200).fill(logged('x'.repeat(500))),
    };
    for (let columns = 1; columns <= 200; columns += 7) {
      for (let rows = 1; rows <= 60; rows += 3) {
        const lines = text(full, { columns, rows });
        expect(lines.length, `${columns}x${rows}`).to.be.at.most(rows);
        expect(Math.max(...lines.map(line => line.length))).to.be.at.most(columns);
      }
    }
  });

  it('keeps versions, processes and log on a small terminal, and says how many are left out', () => {
    const many = Array.from({ length: 70 }, (_, at) => ({ ...crew[0]!, role: `worker-${at}` }));
    const lines = text({ ...seen(), crew: many }, { columns: 80, rows: 24 });
    expect(lines.join('\n')).to.include('2.0').and.include('worker-0').and.include('last');
    expect(lines.join('\n')).to.match(/… and 6\d more/);
  });

  it('leaves out the least important columns first', () => {
    const [narrow = ''] = text(seen(), { columns: 60, rows: 24 }).slice(2);
    expect(narrow).to.include('VERSION').and.include('VERDICT').and.not.include('RESCUED');
  });

  it('does not let what is logged move the cursor, or push other text out of its column', () => {
    const hostile = logged('a\u001b[2Jb\r\n\u4e2d\u{1f600}c\u0301');
    const [last = ''] = text(seen({ log: [hostile] })).slice(-1);
    expect(last.replace(/^[\d:]{8}/, 'TIME')).to.equal('TIME worker-1: a?[2Jb????c?');
  });

  it('shows what a process says that is no log line', () => {
    const [last = ''] = text(seen({ log: [lineIn('Assertion failed: zmq.cpp:1')] })).slice(-1);
    expect(last).to.equal('Assertion failed: zmq.cpp:1');
    for (const odd of ['', 'null', '[]', '{"message":1}', '{"message":"m","time":"never"}'])
      expect(lineIn(odd).at, odd).to.equal(undefined);
  });
});

describe('painted text', () => {
  it('has colours only if they are wanted, and cuts what is shown, not the colours', () => {
    const line = [tone('bad', 'abc'), tone('plain', 'def')];
    expect(painted(line, 4, true)).to.equal('\u001b[31mabc\u001b[0md');
    expect(painted(line, 2, true)).to.equal('\u001b[31mab\u001b[0m');
    expect(painted(line, 4, false)).to.equal('abcd');
  });

  it('a table keeps its last column, however narrow it is', () => {
    const column = { title: 'LONG TITLE', keep: 1, cell: () => tone('plain', 'x') };
    expect(columnsWithin([column], [0], 3)).to.have.lengthOf(2);
  });
});

describe('the crew', () => {
  it('follows what the supervisor says of its processes', () => {
    const ended = { exitCode: null, signal: 'SIGKILL', pid: 1, role: 'worker-1' } as const;
    const steps = [
      crewAfter([], { type: 'role-started', role: 'worker-1', pid: 1 }),
      crewAfter([], { type: 'role-ready', role: 'worker-1', pid: 1 }),
      crewAfter(crew, { type: 'role-ended', ...ended, restartIn: 100 }),
      crewAfter(crew, { type: 'role-ended', ...ended, restartIn: undefined }),
      crewAfter(crew, { type: 'frontend-stopped' }),
    ];
    expect(steps.map(list => list.map(({ role, state }) => `${role} ${state}`))).to.deep.equal([
      ['worker-1 starting'],
      ['worker-1 ready'],
      ['worker-1 again', 'worker-2 again'],
      ['worker-2 again'],
      ['worker-1 ready', 'worker-2 again'],
    ]);
  });
});
