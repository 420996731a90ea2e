import { expect } from 'chai';
import { faultsOf, judged, livesOf } from '../../../bench/soak/judged.js';
import type { Look, Slice, Soaked } from '../../../bench/soak/results.js';
import { soakPage, soakText } from '../../../bench/soak/report.js';

const POINTS = 100;
const MINUTES = 10;

/** A process that is looked at a hundred times in ten minutes. */
const life = (role: string, pid: number, at: (n: number) => Partial<Look>): readonly Look[] =>
  Array.from({ length: POINTS }, (_, n) => ({
    minute: (n * MINUTES) / POINTS,
    role,
    pid,
    memory: 100 + (n % 7),
    descriptors: 30 + (n % 3),
    handles: 20,
    lag: 1 + (n % 5) / 10,
    ...at(n),
  }));

const still = () => ({});

const slicesOf = (at: (n: number) => Partial<Slice>): readonly Slice[] =>
  Array.from({ length: POINTS }, (_, n) => ({
    minute: (n * MINUTES) / POINTS,
    answers: 100,
    p50: 2 + (n % 3) / 10,
    p99: 9 + (n % 5),
    ...at(n),
  }));

const quiet: Soaked = {
  began: '2026-11-23T19:00:00.000Z',
  command: 'npm run soak --',
  machine: { cpu: 'any', cores: 2, memory: 8, system: 'linux', node: 'v20', generator: 'wrk' },
  options: { during: 600_000, rate: 100, seed: 1 },
  timing: { look: 6000, warmUp: 60_000, restart: 120_000 },
  minutes: MINUTES,
  happened: [{ minute: 1, what: 'GRADUAL' }],
  traffic: { sent: 100, answered: 97, abandoned: 3, repeated: {}, lost: {} },
  looks: [...life('supervisor', 1, still), ...life('worker-1', 2, still)],
  slices: slicesOf(still),
  wrong: [],
};

describe('the judgement on a soak', () => {
  it('finds nothing where nothing grows', () => {
    expect(faultsOf(quiet)).to.deep.equal([]);
    expect(judged(quiet).map(({ what }) => what))
      .to.include('worker: memory')
      .and.include('answers, p99');
  });

  const growing: readonly (readonly [string, Partial<Soaked>])[] = [
    [
      'worker: memory grew by 89.0 MiB in 8.9 min',
      { looks: life('worker-1', 2, n => ({ memory: 100 + n + (n % 3) })) },
    ],
    [
      'frontend: descriptors grew by 44.5 in',
      { looks: life('frontend-1', 2, n => ({ descriptors: 30 + n / 2 + (n % 2) })) },
    ],
    ['control: handles grew by', { looks: life('control', 2, n => ({ handles: 20 + n })) }],
    ['control: delay of the event loop', { looks: life('control', 2, n => ({ lag: n })) }],
    ['answers, p50 grew by', { slices: slicesOf(n => ({ p50: 1 + n / 5 })) }],
    ['answers, p99 grew by', { slices: slicesOf(n => ({ p99: 10 + 2 * n })) }],
  ];
  for (const [expected, part] of growing) {
    it(`finds that ${expected} …`, () => {
      const faults = faultsOf({ ...quiet, ...part });
      expect(faults).to.have.lengthOf(1);
      expect(faults[0]).to.include(expected);
    });
  }

  it('takes a little for nothing, however sure it is', () => {
    const looks = life('worker-1', 2, n => ({ memory: 100 + n / 10 }));
    expect(faultsOf({ ...quiet, looks })).to.deep.equal([]);
    const [memory] = judged({ ...quiet, looks });
    expect(memory?.z).to.be.above(3.09);
    expect(memory?.growth).to.be.closeTo(9, 0.2);
  });

  it('takes a single peak for nothing', () => {
    const looks = life('worker-1', 2, n => (n === 60 ? { memory: 5000 } : {}));
    expect(faultsOf({ ...quiet, looks })).to.deep.equal([]);
  });

  it('does not judge what happens while a process warms up, whenever it was started', () => {
    const young = (begin: number) => (n: number) => ({
      minute: begin + n / 100,
      memory: 50 + 10 * n,
    });
    const looks = [...life('worker-1', 2, young(0)), ...life('worker-2', 3, young(5))];
    expect(faultsOf({ ...quiet, looks })).to.deep.equal([]);
  });

  it('does not take the next process for the growth of the one before', () => {
    const looks = [
      ...life('worker-1', 2, () => ({ memory: 50 })),
      ...life('worker-2', 3, n => ({ minute: 20 + n / 10, memory: 500 })),
    ];
    expect(faultsOf({ ...quiet, looks })).to.deep.equal([]);
    expect(livesOf(looks).map(({ kind, role }) => `${kind} ${role}`)).to.deep.equal([
      'worker worker-1',
      'worker worker-2',
    ]);
  });

  it('finds a leak that each of several processes has', () => {
    const looks = [2, 3, 4].flatMap(pid =>
      life('worker-1', pid, n => ({ minute: 20 * pid + n / 10, memory: 100 + n })),
    );
    expect(faultsOf({ ...quiet, looks })[0]).to.include('worker: memory grew by');
  });

  const traffic = quiet.traffic;
  const lost: readonly (readonly [string, Partial<Soaked>])[] = [
    ['1 lost: status 502', { traffic: { ...traffic, answered: 96, lost: { 'status 502': 1 } } }],
    ['2 requests were never heard of again', { traffic: { ...traffic, answered: 95 } }],
    ['nothing was answered', { traffic: { ...traffic, sent: 3, answered: 0 } }],
    ['worker-1 ended by itself', { wrong: ['worker-1 ended by itself'] }],
    [
      '1 connections were cut off, where 0 times something was ended',
      { traffic: { ...traffic, repeated: { 'before an answer': 1 } } },
    ],
    [
      '11 connections were cut off, where 1 times something was ended',
      {
        traffic: { ...traffic, repeated: { 'before an answer': 10, 'in the middle': 1 } },
        happened: [{ minute: 1, what: 'worker killed' }],
      },
    ],
  ];
  for (const [expected, part] of lost) {
    it(`finds: ${expected}`, () => {
      expect(faultsOf({ ...quiet, ...part })).to.deep.equal([expected]);
    });
  }

  it('lets those come again whose connection something ended', () => {
    const repeated = { 'before an answer': 10 };
    const happened = [{ minute: 1, what: 'worker killed' }] as const;
    expect(faultsOf({ ...quiet, happened, traffic: { ...traffic, repeated } })).to.deep.equal([]);
  });
});

describe('the report of a soak', () => {
  const bad = { ...quiet, wrong: ['<b>fault</b>'] };

  it('says that all is well, or what is wrong', () => {
    expect(soakText(quiet)).to.include('all is well').and.include('100 requests sent');
    expect(soakText(bad)).to.include('WRONG: <b>fault</b>').and.not.include('all is well');
  });

  it('has a chart for each measure of each kind of process, and needs nothing else', () => {
    const html = soakPage(bad);
    expect(html.match(/<svg/g)).to.have.lengthOf(2 + 2 * 4);
    expect(html.match(/<polyline/g)).to.have.lengthOf(2 + 2 * 4);
    expect(html).to.include('supervisor: memory').and.include('GRADUAL 1×').and.include('seed 1');
    expect(html).not.to.match(/https?:|<script|<b>/);
  });

  it('says so where too little was seen', () => {
    expect(soakText({ ...quiet, looks: [], slices: [] })).to.include('too little was seen');
  });
});
