import { expect } from 'chai';
import { cookieOf, headersFor, type Ask } from '../../../bench/load/ask.js';
import { content } from '../../../bench/programs/content.js';
import { fault } from '../../../bench/workloads/correctness.js';
import { added } from '../../../bench/workloads/latency.js';
import { isDemoted } from '../../../bench/workloads/recovery.js';
import { spreads } from '../../../bench/workloads/rounds.js';
import { growth, type Slice } from '../../../bench/workloads/saturation.js';
import { firstOfEach } from '../../../bench/workloads/update-speed.js';

const ask: Ask = {
  path: '/100',
  connections: 1,
  isOneShot: false,
  isBrowser: false,
  upload: undefined,
};

describe('what clients ask', () => {
  it('is bare by default', () => {
    expect(headersFor(ask, 'session=1')).to.deep.equal({});
  });

  it('is about 700 bytes of head as a browser, with the cookie that was set', () => {
    const headers = headersFor({ ...ask, isBrowser: true }, 'session=1');
    const bytes = Object.entries(headers).join('\r\n').length;
    expect(bytes).to.be.within(600, 800);
    expect(headers['Cookie']).to.match(/^theme=.*; session=1$/);
    expect(headersFor({ ...ask, isBrowser: true }, undefined)['Cookie']).to.match(
      /language=en-GB$/,
    );
  });

  it('ends the connection where each request has its own', () => {
    expect(headersFor({ ...ask, isOneShot: true }, undefined)).to.deep.equal({
      Connection: 'close',
    });
  });

  it('takes name and value of a cookie', () => {
    expect(cookieOf('session=a.b; Path=/; HttpOnly')).to.equal('session=a.b');
    expect(cookieOf(undefined)).to.equal(undefined);
  });
});

describe('a right answer', () => {
  const right = content(100);

  it('is 200, byte for byte', () => {
    expect(right).to.have.length(100);
    expect(fault(200, content(100), right)).to.equal(undefined);
  });

  it('has the right status, length and bytes', () => {
    expect(fault(502, right, right)).to.equal('status 502');
    expect(fault(200, right.subarray(1), right)).to.equal('99 bytes instead of 100');
    expect(fault(200, Buffer.alloc(100), right)).to.contain('not the right one');
  });
});

describe('figures of rounds', () => {
  it('spread over those rounds that have them', () => {
    expect(spreads([{ rate: 3, p50: 1 }, { rate: 1 }, { rate: 2 }])).to.deep.equal({
      rate: { median: 2, lowest: 1, highest: 3 },
      p50: { median: 1, lowest: 1, highest: 1 },
    });
  });

  it('are over those without a proxy, in the same turn', () => {
    const round = { p50: 1, p99: 5, p999: 9, errors: 0 };
    expect(added(round, { p50: 0.25, p99: 1, p999: 10 })).to.deep.equal({
      addedP50: 0.75,
      addedP99: 4,
      addedP999: -1,
    });
    expect(added(round, {}).addedP50).to.be.NaN;
  });

  it("are each worker's first request, over all its connections", () => {
    const times = new Map([
      [5001, 30],
      [5002, 20],
      [5003, 40],
      [5004, 10], // nobody has it any more
    ]);
    const owners = new Map([
      [5001, 7],
      [5002, 7],
      [5003, 8],
    ]);
    expect(firstOfEach(times, owners)).to.deep.equal([20, 40]);
  });

  it('tell a demoted version from one that serves', () => {
    expect(isDemoted('{"id":"1","state":"demoted"}')).to.equal(true);
    expect(isDemoted('{"id":"1","state":"moving"}')).to.equal(false);
  });
});

describe('growth under a long load', () => {
  const slice = (at: number): Slice => ({
    minute: at,
    memory: at < 4 ? at * 100 : 400 + at,
    descriptors: 30,
    p99: at < 4 ? 50 : at,
  });
  const slices = Array.from({ length: 12 }, (_, at) => slice(at));

  it('does not count the first third', () => {
    expect(growth(slices)).to.deep.equal({
      memory: 411,
      memoryGrowth: 1,
      descriptorGrowth: 0,
      p99Start: 4, // of minutes 4 and 5
      p99StartHighest: 5,
      p99End: 10, // of minutes 10 and 11
    });
  });
});
