import { expect } from 'chai';
import { LONGEST_BODY, MOST_FIELDS_KEPT, MOST_PLACES_KEPT } from '../../../src/verdict/pair.js';
import type { Field } from '../../../src/http/message.js';
import { pairOf, type Read } from '../../../workers/comparison/excerpts.js';

const read = (
  body: string | Buffer,
  type = 'application/json',
  fields: readonly Field[] = [],
): Read => {
  const bytes = Buffer.from(body);
  return {
    head: {
      version: '1.1',
      status: 200,
      reason: 'OK',
      fields: [['Content-Type', type], ...fields],
    },
    framing: { kind: 'length', bytes: bytes.length },
    body: bytes,
  };
};

describe('a pair of answers that differ', () => {
  it('shows both bodies, where they differ, and how large they were', () => {
    const pair = pairOf(read('{"price": 5,"a":1}'), read('{"price":4,"a":1}'), ['body/price']);
    expect(pair).to.deep.equal({
      where: ['/price'],
      newer: {
        status: 200,
        fields: [['content-type', 'application/json']],
        body: '{\n  "price": 5,\n  "a": 1\n}',
        skipped: 0,
        bytes: 18,
      },
      older: {
        status: 200,
        fields: [['content-type', 'application/json']],
        body: '{\n  "price": 4,\n  "a": 1\n}',
        skipped: 0,
        bytes: 17,
      },
    });
  });

  it('names places as people do, each once, and bounded', () => {
    const places = [
      'status',
      'field:x-colour',
      'body',
      'body/a/b',
      'body/session/4711',
      'body/session/4712',
    ];
    const { where } = pairOf(read('1'), read('2'), places);
    expect(where).to.deep.equal(['status', 'x-colour', 'body', '/a/b', '/session']);
    const many = Array.from({ length: 20 }, (_, n) => `body/${n}`);
    expect(pairOf(read('1'), read('2'), many).where).to.have.length(MOST_PLACES_KEPT);
  });

  it('holds no secret: not of fields, not of bodies', () => {
    const fields: readonly Field[] = [
      ['Set-Cookie', 'sid=hunter2; Path=/'],
      ['X-Api-Key', 'hunter2'],
      ['Location', '/a?token=hunter2'],
    ];
    const body = '{"user":"Ann","password":"hunter2","session":{"id":"hunter2"}}';
    const pair = pairOf(read(body, 'application/json', fields), read('{}'), [
      'body',
      'body/session/hunter2',
    ]);
    expect(JSON.stringify(pair)).not.to.contain('hunter2');
    expect(pair.newer.body).to.contain('Ann');
    expect(pair.newer.fields).to.deep.include(['set-cookie', 'sid=…']);
  });

  it('cuts long bodies around the first difference, at the same place in both', () => {
    const list = (changed: number) =>
      JSON.stringify(
        Array.from({ length: 3000 }, (_, n) => (n === changed ? 'other' : `item ${n}`)),
      );
    const { newer, older } = pairOf(read(list(2000)), read(list(-1)), ['body/*']);
    expect(newer.skipped).to.equal(older.skipped).and.to.be.greaterThan(10_000);
    expect(newer.body).to.have.length(LONGEST_BODY).and.to.contain('"other"');
    expect(older.body).to.contain('"item 2000"').and.to.contain('"item 1999"');
    expect(newer.body).to.match(/^ {2}"item/); // from the beginning of a line
  });

  it('begins at the beginning where what differs is left out', () => {
    const body = (token: string) => `{"a":"${'x'.repeat(3000)}","token":"${token}"}`;
    const { newer, older } = pairOf(read(body('one')), read(body('two')), ['body/token']);
    expect([newer.skipped, older.skipped]).to.deep.equal([0, 0]);
    expect(newer.body).to.equal(older.body);
  });

  it('cuts no character in two', () => {
    const text = (last: string) => `${'😀'.repeat(3000)}${last}`;
    for (const shift of ['', 'a']) {
      const { newer } = pairOf(
        read(shift + text('x'), 'text/plain'),
        read(shift + text('y'), 'text/plain'),
        ['body'],
      );
      expect(Buffer.from(newer.body ?? '').toString()).to.equal(newer.body);
    }
  });

  const unreadable: readonly (readonly [why: string, answer: Read])[] = [
    ['no text', read(Buffer.from([0x89, 0x50, 0x4e, 0x47]), 'image/png')],
    ['of no known type', { ...read('text'), head: { ...read('').head, fields: [] } }],
    ['compressed', read('text', 'text/plain', [['Content-Encoding', 'gzip']])],
    ['of unknown characters', read('text', 'text/plain; charset=klingon')],
  ];
  for (const [why, answer] of unreadable) {
    it(`shows no body that is ${why}, but its size`, () => {
      const { newer } = pairOf(answer, read('"b"'), ['body']);
      expect(newer).not.to.have.property('body');
      expect([newer.bytes, newer.skipped]).to.deep.equal([4, 0]);
    });
  }

  for (const type of [
    'text/html',
    'text/csv; charset=iso-8859-1',
    'application/problem+json',
    'application/xml',
    'image/svg+xml',
    'application/javascript',
    'application/x-www-form-urlencoded',
  ]) {
    it(`shows a body of type ${type}`, () => {
      expect(pairOf(read('a', type), read('b', type), ['body']).newer.body).to.equal('a');
    });
  }

  it('keeps, of many fields, those that differ, and their order', () => {
    const many: readonly Field[] = Array.from({ length: 60 }, (_, n) => [
      `X-${n}`,
      'v'.repeat(500),
    ]);
    const { newer } = pairOf(read('1', 'text/plain', many), read('2'), [
      'field:x-59',
      'field:x-58',
    ]);
    const names = newer.fields.map(([name]) => name);
    expect(names).to.have.length(MOST_FIELDS_KEPT);
    expect(names.slice(0, 2)).to.deep.equal(['content-type', 'x-0']);
    expect(names.slice(-2)).to.deep.equal(['x-58', 'x-59']);
    expect(Math.max(...newer.fields.map(([, value]) => value.length))).to.equal(160);
  });

  it('leaves out what is meant for one connection', () => {
    const { newer } = pairOf(read('1', 'text/plain', [['Connection', 'close']]), read('2'), [
      'body',
    ]);
    expect(newer.fields).to.deep.equal([['content-type', 'text/plain']]);
  });
});
