import { expect } from 'chai';
import fc from 'fast-check';
import type { AnswerFraming, Field } from '../../../src/http/message.js';
import {
  agreement,
  learned,
  MOST_NOISE,
  MOST_PLACES,
  noNoise,
  tolerance,
} from '../../../workers/comparison/agreement.js';
import { bytesToCompare, comparable } from '../../../workers/comparison/comparable.js';
import { MOST_DEPTH, parsedJson } from '../../../workers/comparison/json.js';

const strict = tolerance({ fields: [], pointers: [] });
const type: Field = ['Content-Type', 'application/json'];

function answer(body: string, fields: readonly Field[] = [type], status = 200, limit?: number) {
  const bytes = Buffer.from(body);
  const head = { version: '1.1', status, reason: '', fields } as const;
  return comparable(head, { kind: 'length', bytes: bytes.length }, bytes, limit);
}

const places = (a: ReturnType<typeof answer>, b: ReturnType<typeof answer>, within = strict) => {
  const result = agreement(a, b, within);
  return result.kind === 'equal' ? [] : result.where;
};
const between = (a: string, b: string, pointers: readonly string[] = []) =>
  places(answer(a), answer(b), tolerance({ fields: [], pointers }));
const fieldsBetween = (a: readonly Field[], b: readonly Field[], fields: string[] = []) =>
  places(answer('', a), answer('', b), tolerance({ fields, pointers: [] }));

describe('agreement', () => {
  it('sees another status', () => {
    expect(places(answer('', [], 200), answer('', [], 404))).to.deep.equal(['status']);
  });

  const fields: readonly (readonly [string, Field[], Field[], string[]])[] = [
    ['another value', [['X-A', '1']], [['X-A', '2']], ['field:x-a']],
    ['a missing field', [['X-A', '1']], [], ['field:x-a']],
    [
      'the order of equal names',
      [
        ['A', '1'],
        ['A', '2'],
      ],
      [
        ['A', '2'],
        ['A', '1'],
      ],
      ['field:a'],
    ],
    [
      'not the order of names',
      [
        ['A', '1'],
        ['B', '2'],
      ],
      [
        ['b', '2'],
        ['a', '1'],
      ],
      [],
    ],
    [
      'no volatile field',
      [
        ['Date', 'x'],
        ['ETag', '1'],
      ],
      [['Date', 'y']],
      [],
    ],
    [
      'nothing of the connection',
      [
        ['Connection', 'X-Hop'],
        ['X-Hop', '1'],
      ],
      [],
      [],
    ],
    ['not the value of a cookie', [['Set-Cookie', 's=1']], [['Set-Cookie', 's=2; Path=/']], []],
    ['another cookie', [['Set-Cookie', 's=1']], [['Set-Cookie', 't=1']], ['field:set-cookie']],
  ];
  for (const [says, a, b, where] of fields) {
    it(`sees of fields ${says}`, () => expect(fieldsBetween(a, b)).to.deep.equal(where));
  }

  it('ignores declared fields, in any case', () => {
    expect(fieldsBetween([['X-Build', '1']], [['x-build', '2']], ['X-BUILD'])).to.be.empty;
  });

  const bodies: readonly (readonly [string, string, string, string[], string[]])[] = [
    ['equal ones', '{"a":1}', '{"a":1}', [], []],
    ['no space or order', '{"a":1,"b":2}', '{ "b": 2, "a": 1 }', [], []],
    ['no spelling of strings', '"A"', String.raw`"\u0041"`, [], []],
    ['another member', '{"a":{"b":1}}', '{"a":{"b":2}}', [], ['body/a/b']],
    ['a missing member', '{"a":1}', '{}', [], ['body/a']],
    ['an item of an array', '[{"id":1},{"id":2}]', '[{"id":3},{"id":4}]', [], ['body/*/id']],
    ['another length', '{"a":[1]}', '{"a":[1,2]}', [], ['body/a']],
    ['another kind', '{"a":[]}', '{"a":{}}', [], ['body/a']],
    ['long numbers', '12345678901234567890', '12345678901234567891', [], ['body']],
    ['what is no JSON, by digest', '{"a":1', '{"a":2', [], ['body']],
    ['a member named twice, by digest', '{"a":1,"a":2}', '{"a":2}', [], ['body']],
    ['escaped names', '{"a/b~":1}', '{"a/b~":2}', [], ['body/a~1b~0']],
    ['not a declared one', '{"a/b":1}', '{"a/b":2}', ['/a~1b'], []],
    ['nothing under a declared one', '{"a":{"b":1}}', '{"a":{"b":2}}', ['/a'], []],
    ['not declared items', '[{"id":1}]', '[{"id":2}]', ['/*/id'], []],
    ['not the declared item alone', '[1,1]', '[2,2]', ['/0'], ['body/*']],
    ['* under an object as a name', '{"a":1}', '{"a":2}', ['/*'], ['body/a']],
    ['all where the pointer lacks its slash', '{"a":1}', '{"a":2}', ['a'], ['body/a']],
  ];
  for (const [says, a, b, pointers, where] of bodies) {
    it(`sees of bodies ${says}`, () => expect(between(a, b, pointers)).to.deep.equal(where));
  }

  it('compares coded and other types by digest', () => {
    const gzip: Field = ['Content-Encoding', 'gzip'];
    expect(places(answer('{"a":1}', [type, gzip]), answer('{"a":2}', [type, gzip]))).to.deep.equal([
      'body',
    ]);
    expect(places(answer('{}', []), answer('{ }', []))).to.deep.equal(['body']);
  });

  it('compares large bodies by their declared length', () => {
    const large = (text: string) => answer(text, [], 200, 4);
    expect(places(large('12345'), large('abcde'))).to.be.empty;
    expect(places(large('12345'), large('123456'))).to.deep.equal(['body']);
    expect(places(large('12345'), large('1234'))).to.deep.equal(['body']);
  });

  it('compares by the first bytes what declares no length', () => {
    const open = (text: string) =>
      comparable(
        { version: '1.1', status: 200, reason: '', fields: [] },
        { kind: 'chunked' },
        Buffer.from(text),
        4,
      );
    expect(places(open('1234a'), open('1234b'))).to.be.empty;
    expect(places(open('1235'), open('1234'))).to.deep.equal(['body']);
  });

  it('compares the Content-Length of what has no body', () => {
    const head = (length: string) =>
      comparable(
        { version: '1.1', status: 200, reason: '', fields: [['Content-Length', length]] },
        { kind: 'none' },
        Buffer.alloc(0),
      );
    expect(places(head('1'), head('2'))).to.deep.equal(['field:content-length']);
  });

  it('names a bounded number of places', () => {
    const many = (value: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, value])));
    expect(between(many(1), many(2))).to.have.length(MOST_PLACES);
  });

  const any = fc
    .tuple(
      fc.json(),
      fc.constantFrom(200, 404),
      fc.array(fc.tuple(fc.constantFrom('A', 'b', 'Date'), fc.string())),
    )
    .map(([body, status, more]) => answer(body, [type, ...more], status));

  it('is equal of an answer and itself', () => {
    fc.assert(fc.property(any, each => void expect(places(each, each)).to.deep.equal([])));
  });

  it('is symmetric', () => {
    fc.assert(
      fc.property(any, any, (a, b) => void expect(places(a, b)).to.deep.equal(places(b, a))),
    );
  });
});

describe('learned', () => {
  const noise = learned(noNoise, { kind: 'different', where: ['field:x-node', 'body/*/id'] });

  it('makes what differs between stable servers no evidence', () => {
    const within = tolerance({ fields: [], pointers: [] }, noise);
    const [a, b] = [
      answer('[{"id":1}]', [type, ['X-Node', '1']]),
      answer('[{"id":2}]', [type, ['X-Node', '2']]),
    ];
    expect(places(a, b)).to.deep.equal(['field:x-node', 'body/*/id']);
    expect(places(a, b, within)).to.be.empty;
  });

  it('ignores bodies that differ as a whole', () => {
    const within = tolerance({ fields: [], pointers: [] }, new Set(['body']));
    expect(places(answer('a', []), answer('b', []), within)).to.be.empty;
  });

  it('learns nothing from equal answers, from known places, or where the status differs', () => {
    expect(learned(noise, { kind: 'equal' })).to.equal(noise);
    expect(learned(noise, { kind: 'different', where: ['body/*/id'] })).to.equal(noise);
    expect(learned(noise, { kind: 'different', where: ['status', 'body'] })).to.equal(noise);
  });

  it('is bounded', () => {
    const where = Array.from({ length: 1000 }, (_, n) => `body/${n}`);
    const full = learned(noNoise, { kind: 'different', where });
    expect(full.size).to.equal(MOST_NOISE);
    expect(learned(full, { kind: 'different', where: ['body/x'] })).to.equal(full);
  });
});

describe('parsedJson', () => {
  it('takes what JSON.parse takes', () => {
    fc.assert(
      fc.property(
        fc.json(),
        text => void expect(parsedJson(Buffer.from(text))).to.not.equal(undefined),
      ),
    );
  });

  for (const text of ['', '{', '[1,]', '{"a" 1}', '01', '1 2', 'nul', '"\n"', '{a:1}', '[1}']) {
    it(`takes no ${JSON.stringify(text)}`, () => {
      expect(parsedJson(Buffer.from(text))).to.equal(undefined);
    });
  }

  it('takes no bytes that are not UTF-8, and nothing too deep', () => {
    const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
    expect(parsedJson(Buffer.from([0x22, 0xff, 0x22]))).to.equal(undefined);
    expect(parsedJson(nested(MOST_DEPTH))).to.not.equal(undefined);
    expect(parsedJson(nested(100_000))).to.equal(undefined);
  });
});

describe('bytesToCompare', () => {
  const rows: readonly (readonly [AnswerFraming, number])[] = [
    [{ kind: 'none' }, 0],
    [{ kind: 'tunnel' }, 0],
    [{ kind: 'length', bytes: 10 }, 10],
    [{ kind: 'length', bytes: 11 }, 0],
    [{ kind: 'chunked' }, 10],
    [{ kind: 'close' }, 10],
  ];
  for (const [framing, bytes] of rows) {
    it(`is ${bytes} for ${JSON.stringify(framing)}`, () => {
      expect(bytesToCompare(framing, 10)).to.equal(bytes);
    });
  }
});
