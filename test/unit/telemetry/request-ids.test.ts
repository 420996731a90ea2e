import { expect } from 'chai';
import type { Field, RequestHead } from '../../../src/http/message.js';
import { HexPool } from '../../../src/telemetry/hex-pool.js';
import { IdMaker } from '../../../src/telemetry/request-ids.js';

const head = (...fields: readonly Field[]): RequestHead => ({
  method: 'GET',
  target: '/',
  version: '1.1',
  fields,
});
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

describe('HexPool', () => {
  it('gives out each digit once, and fetches more when it is empty', () => {
    let fetched = 0;
    const pool = new HexPool(bytes => Buffer.alloc(bytes, (fetched += 1)));
    const taken = Array.from({ length: 300 }, () => pool.take(32));
    expect(taken[0]).to.equal('01'.repeat(16));
    expect(taken[255]).to.equal('01'.repeat(16));
    expect(taken[256]).to.equal('02'.repeat(16));
    expect(fetched).to.equal(2);
  });

  it('draws from the system, so that no two are alike', () => {
    const pool = new HexPool();
    const taken = new Set(Array.from({ length: 10_000 }, () => pool.take(16)));
    expect(taken.size).to.equal(10_000);
    for (const each of taken) expect(each).to.match(/^[\da-f]{16}$/);
  });
});

describe('IdMaker', () => {
  const ids = new IdMaker(new HexPool());

  for (const given of ['a', 'A-9_.~', 'x'.repeat(128)]) {
    it(`takes the name that a client gives: ${given.slice(0, 20)}`, () => {
      expect(ids.of(head(['x-REQUEST-id', given])).requestId).to.equal(given);
    });
  }

  for (const given of [
    '',
    'x'.repeat(129),
    'a b',
    'a,b',
    'a/b',
    'a\nb',
    'ä',
    '%41',
    'a"',
    '\x00',
  ]) {
    it(`makes a name instead of ${JSON.stringify(given.slice(0, 20))}`, () => {
      expect(ids.of(head(['X-Request-Id', given])).requestId).to.match(/^[\da-f]{16}-[\da-z]+$/);
    });
  }

  it('believes none of several fields', () => {
    const { requestId, traceId } = ids.of(
      head(
        ['X-Request-Id', 'a'],
        ['X-Request-Id', 'a'],
        ['traceparent', TRACEPARENT],
        ['traceparent', TRACEPARENT],
      ),
    );
    expect(requestId).not.to.equal('a');
    expect(traceId).not.to.equal(TRACEPARENT.slice(3, 35));
  });

  it('makes names that differ, from one maker and from another', () => {
    const other = new IdMaker(new HexPool());
    const made = Array.from({ length: 1000 }, () => [ids.requestId(), other.requestId()]).flat();
    expect(new Set(made).size).to.equal(2000);
  });

  it('passes a valid traceparent on as it is, with its tracestate', () => {
    expect(ids.of(head(['TraceParent', TRACEPARENT]))).to.deep.include({
      traceparent: TRACEPARENT,
      traceId: TRACEPARENT.slice(3, 35),
      keepsState: true,
    });
  });

  it('begins a trace where there is none, and keeps no tracestate', () => {
    const { traceparent, traceId, keepsState } = ids.of(head(['tracestate', 'a=1']));
    expect(traceparent).to.match(new RegExp(`^00-${traceId}-[\\da-f]{16}-00$`));
    expect(keepsState).to.equal(false);
  });
});
