import { expect } from 'chai';
import { fateOf } from '../../../src/frontend/lost-worker.js';
import { handicaps, pickWorker } from '../../../src/frontend/pick-worker.js';
import type { Distance } from '../../../src/kernel/place.js';

describe('pickWorker', () => {
  const MOST = 50;
  type Given = number | 'draining';
  /** Outstanding exchanges, and the turn that each had last: the longer ago, the lower. */
  const rows: readonly (readonly [
    workers: readonly (readonly [outstanding: Given, distance?: Distance, lastTurn?: number])[],
    picked: number | undefined,
    meaning: string,
  ])[] = [
    [[], undefined, 'nobody is there'],
    [[[0]], 0, 'the only one'],
    [[[2], [1], [2]], 1, 'the fewest outstanding'],
    [[[1], [1], [1]], 0, 'of equals that had none yet, the first'],
    [
      [
        [1, 'here', 7],
        [1, 'here', 5],
        [1, 'here', 6],
      ],
      1,
      'of equals, the one that waited longest',
    ],
    [[[1, 'here', 1], [0, 'here', 9], [1]], 1, 'waiting decides between equals only'],
    [[['draining'], [2]], 1, 'who drains gets nothing new'],
    [[['draining']], undefined, 'only one that drains'],
    [[[MOST], [MOST]], undefined, 'all are full'],
    [[[MOST], [MOST - 1]], 1, 'room for one more'],
    [
      [
        [0, 'near'],
        [0, 'here'],
      ],
      1,
      'its own host first',
    ],
    [
      [
        [0, 'near'],
        [7, 'here'],
      ],
      1,
      'its own host, also with some more to do',
    ],
    [
      [
        [0, 'near'],
        [9, 'here'],
      ],
      0,
      'no longer when it would queue here while another is idle',
    ],
    [
      [
        [40, 'near'],
        [49, 'here'],
      ],
      0,
      'so many more, however many all have',
    ],
    [
      [
        [0, 'near', 1],
        [8, 'here', 2],
      ],
      0,
      'where both are as good, the one that waited longest',
    ],
    [
      [
        [0, 'far'],
        [0, 'near'],
      ],
      1,
      'its own zone before another one',
    ],
    [
      [
        [0, 'far'],
        [15, 'near'],
        [23, 'here'],
      ],
      1,
      'its own zone, also with some more to do',
    ],
    [
      [
        [0, 'far'],
        [17, 'near'],
        [25, 'here'],
      ],
      0,
      'another zone before a queue in its own',
    ],
    [
      [
        ['draining', 'here'],
        [3, 'near'],
        [0, 'far'],
      ],
      1,
      'its own host drains',
    ],
    [
      [
        [MOST, 'here'],
        [MOST - 1, 'far'],
      ],
      1,
      'its own host is full',
    ],
    [
      [
        [5, 'far'],
        [4, 'far'],
      ],
      1,
      'nobody is near: the load decides',
    ],
  ];
  for (const [workers, picked, meaning] of rows) {
    const given = workers.map(each => each.join(' ')).join(', ');
    it(`picks ${picked ?? 'none'} of [${given}]: ${meaning}`, () => {
      const candidates = workers.map(([outstanding, distance = 'here', lastTurn = 0]) => ({
        outstanding: outstanding === 'draining' ? 0 : outstanding,
        draining: outstanding === 'draining',
        handicap: handicaps[distance],
        lastTurn,
      }));
      const found = pickWorker(candidates, MOST);
      expect(found).to.equal(picked === undefined ? undefined : candidates[picked]);
    });
  }
});

describe('pickWorker, for many requests', () => {
  const everybody: readonly Distance[] = ['here', 'here', 'near', 'near', 'near', 'far'];

  it('leaves a quiet system on its own host, and uses each worker there as often', () => {
    // One request at a time.
    const { served } = simulated({ workers: everybody, clients: 1, requests: 600 });
    expect(served).to.deep.equal([300, 300, 0, 0, 0, 0]);
  });

  it('goes on next door with a single worker less, and comes back to its like', () => {
    const workers: readonly Distance[] = ['near', 'near', 'far'];
    const { served } = simulated({ workers, clients: 1, requests: 600 });
    expect(served).to.deep.equal([300, 300, 0]);
  });

  it('stays on its own host where a worker has a few requests at a time', () => {
    const { served } = simulated({ workers: ['here', 'near'], clients: 8, requests: 4000 });
    expect(served[0]).to.equal(4000);
  });

  it('lets every worker work where there is enough to do, those of other zones last', () => {
    const clients = 200;
    const { served, most } = simulated({ workers: everybody, clients, requests: 60_000 });
    // Each is as fast as the others, and none is ever idle: so each serves a sixth.
    for (const count of served) expect(count / 60_000).to.be.closeTo(1 / 6, 0.01);
    const [here = 0, , near = 0, , , far = 0] = most;
    expect(here - near).to.be.within(0, 9);
    expect(near - far).to.be.within(0, 17);
  });

  it('gives a worker that hangs no more than a few requests, though it is on its own host', () => {
    const workers: readonly Distance[] = ['here', 'near', 'near'];
    const { served, most } = simulated({ workers, clients: 12, requests: 5000, hangs: 0 });
    expect(served[0]).to.equal(0);
    expect(most[0]).to.be.at.most(handicaps.near + 12 / 2 + 1);
    expect((served[1] ?? 0) + (served[2] ?? 0)).to.equal(5000);
  });
});

/** Workers that do one thing after another, and clients that ask again when they are answered. */
function simulated(about: {
  readonly workers: readonly Distance[];
  readonly clients: number;
  readonly requests: number;
  /** This one never answers. */
  readonly hangs?: number;
}): { readonly served: readonly number[]; readonly most: readonly number[] } {
  const workers = about.workers.map(distance => ({
    outstanding: 0,
    handicap: handicaps[distance],
    draining: false,
    lastTurn: 0,
    served: 0,
    most: 0,
  }));
  let turn = 0;
  const ask = () => {
    const worker = pickWorker(workers, 4096);
    if (worker === undefined) throw new Error('nobody has room');
    worker.lastTurn = turn += 1;
    worker.outstanding += 1;
    worker.most = Math.max(worker.most, worker.outstanding);
  };
  for (let client = 0; client < about.clients; client++) ask();
  let left = about.requests;
  // In each step everybody who has something to do answers one request: a closed system.
  while (left > 0) {
    let answers = 0;
    for (const [index, worker] of workers.entries()) {
      if (worker.outstanding === 0 || index === about.hangs || left === 0) continue;
      worker.outstanding -= 1;
      worker.served += 1;
      left -= 1;
      answers += 1;
    }
    for (let answer = 0; answer < answers; answer++) ask();
  }
  return { served: workers.map(({ served }) => served), most: workers.map(({ most }) => most) };
}

describe('fateOf', () => {
  const rows = [
    { answered: false, safeToRepeat: true, attempts: 1, fate: 'repeat' }, // another worker
    { answered: false, safeToRepeat: true, attempts: 2, fate: 'repeat' }, // and another
    { answered: false, safeToRepeat: true, attempts: 3, fate: 'fail' }, // no fourth: it may kill it
    { answered: false, safeToRepeat: false, attempts: 1, fate: 'fail' }, // perhaps it was executed
    { answered: true, safeToRepeat: true, attempts: 1, fate: 'cut' }, // no part for the whole
    { answered: true, safeToRepeat: false, attempts: 1, fate: 'cut' },
  ] as const;
  for (const { fate, ...orphan } of rows) {
    it(`is ${fate} for ${JSON.stringify(orphan)}`, () => {
      expect(fateOf(orphan)).to.equal(fate);
    });
  }
});
