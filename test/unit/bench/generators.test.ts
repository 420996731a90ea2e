import { expect } from 'chai';
import { loadFiguresOfAutocannon } from '../../../bench/figures/autocannon-output.js';
import { loadFiguresOfWrk } from '../../../bench/figures/wrk-output.js';

const wrk = (unit: string, errors = '') => `Running 4s test @ http://127.0.0.1:40123/100
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.92ms    4.54ms  78.63ms   94.97%
    Req/Sec    59.99k     9.44k   74.30k    75.00%
  Latency Distribution
     50%  ${unit}
     75%    1.31ms
     90%    3.14ms
     99%   22.39ms
  239048 requests in 4.01s, 77.51MB read
${errors}Requests/sec:  59619.62
Transfer/sec:     19.33MB
`;

describe('what wrk prints', () => {
  it('yields requests, rate, bytes and percentiles', () => {
    expect(loadFiguresOfWrk(wrk('0.87ms'))).to.deep.equal({
      requests: 239_048,
      rate: 59_619.62,
      throughput: (19.33 * 1_048_576) / 1e6,
      p50: 0.87,
      p99: 22.39,
      errors: 0,
    });
  });

  for (const [printed, milliseconds] of [
    ['870.00us', 0.87],
    ['1.50s', 1500],
    ['2.00m', 120_000],
  ] as const) {
    it(`reads ${printed} as ${milliseconds} ms`, () => {
      expect(loadFiguresOfWrk(wrk(printed)).p50).to.equal(milliseconds);
    });
  }

  it('adds up broken connections and other answers', () => {
    const errors =
      '  Socket errors: connect 1, read 20, write 300, timeout 4000\n' +
      '  Non-2xx or 3xx responses: 50000\n';
    expect(loadFiguresOfWrk(wrk('1.00ms', errors)).errors).to.equal(54_321);
  });

  it('refuses what is not from wrk', () => {
    expect(() => loadFiguresOfWrk('unable to connect')).to.throw('not from wrk');
  });
});

describe('what autocannon prints', () => {
  const printed = {
    requests: { total: 4000, average: 1000 },
    throughput: { average: 250_000 },
    latency: { p50: 2, p99: 9 },
    errors: 1,
    timeouts: 20,
    non2xx: 300,
  };

  it('yields the same figures', () => {
    expect(loadFiguresOfAutocannon(JSON.stringify(printed))).to.deep.equal({
      requests: 4000,
      rate: 1000,
      throughput: 0.25,
      p50: 2,
      p99: 9,
      errors: 321,
    });
  });

  for (const other of ['null', '{}', '[]', '7']) {
    it(`refuses ${other}`, () => {
      expect(() => loadFiguresOfAutocannon(other)).to.throw('not from autocannon');
    });
  }
});
