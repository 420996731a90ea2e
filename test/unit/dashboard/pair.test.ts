import { expect } from 'chai';
import { compared } from '../../../dashboard/src/pure/pair.js';
import type { Excerpt } from '../../../src/control/live.js';

const excerpt = (about: Partial<Excerpt> = {}): Excerpt => ({
  status: 200,
  fields: [],
  body: '{"a":1,"b":[2]}',
  skipped: 0,
  bytes: 15,
  ...about,
});

const lines = (older: Excerpt, newer: Excerpt) =>
  compared({ where: [], older, newer }).body?.flatMap(row =>
    'leftOut' in row
      ? []
      : [{ text: row.left?.map(({ text }) => text).join(''), differs: row.differs }],
  );

describe('a pair of answers', () => {
  it('lays JSON out before it is compared, so that only the value that differs is marked', () => {
    expect(lines(excerpt(), excerpt({ body: '{ "a": 1, "b": [3] }' }))).to.deep.equal([
      { text: '{', differs: false },
      { text: '  "a": 1,', differs: false },
      { text: '  "b": [', differs: false },
      { text: '    2', differs: true },
      { text: '  ]', differs: false },
      { text: '}', differs: false },
    ]);
  });

  it('leaves text as it is where one of the two is no whole JSON', () => {
    for (const newer of [
      excerpt({ body: '<p>no' }),
      excerpt({ body: '"b":[2]}', skipped: 7 }),
      excerpt({ body: '12', skipped: 3 }), // it parses, and is a piece of something
    ]) {
      expect(lines(excerpt(), newer)?.map(({ text }) => text)).to.deep.equal(['{"a":1,"b":[2]}']);
    }
  });

  it('has no body to show where neither is text', () => {
    const none = excerpt({ body: undefined });
    expect(compared({ where: [], older: none, newer: none }).body).to.equal(undefined);
  });

  it('puts fields that differ, or that one answer lacks, before the others', () => {
    const older = excerpt({
      fields: [
        ['a', '1'],
        ['content-type', 'text/plain'],
        ['x', 'there'],
        ['vary', 'one'],
        ['vary', 'two'],
      ],
    });
    const newer = excerpt({
      fields: [
        ['content-type', 'text/html'],
        ['a', '1'],
        ['vary', 'one, two'],
      ],
    });
    const { fields } = compared({ where: [], older, newer });
    expect(fields.map(({ name, differs }) => [name, differs])).to.deep.equal([
      ['content-type', true],
      ['x', true],
      ['a', false],
      ['vary', false],
    ]);
    expect(fields[1]?.newer).to.equal(undefined);
    expect(fields[0]?.newer).to.deep.equal([
      { text: 'text/', differs: false },
      { text: 'html', differs: true },
    ]);
  });

  it('tells whether the status differs', () => {
    const [older, newer] = [excerpt(), excerpt({ status: 404 })];
    expect(compared({ where: [], older, newer }).statusDiffers).to.equal(true);
    expect(compared({ where: [], older, newer: older }).statusDiffers).to.equal(false);
  });
});
