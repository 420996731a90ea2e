import { expect } from 'chai';
import type { Agreement } from '../../../workers/comparison/agreement.js';
import { MOST_ROUTES, NoiseBook } from '../../../workers/comparison/noise-book.js';

const differsAt = (...where: string[]): Agreement => ({ kind: 'different', where });

describe('NoiseBook', () => {
  const bookOf = (fields: string[] = [], pointers: string[] = []) =>
    new NoiseBook({ fields, pointers });
  const fieldsOf = (book: NoiseBook, route: string) => [...book.tolerated(route).fields].toSorted();
  const bodyOf = (book: NoiseBook, route: string) => [...book.tolerated(route).body.below.keys()];

  it('tolerates what the operator has declared, on every route', () => {
    const book = bookOf(['X-Lot'], ['/lot']);
    expect(fieldsOf(book, 'GET /a')).to.deep.equal(['x-lot']);
    expect(bodyOf(book, 'GET /b')).to.deep.equal(['lot']);
  });

  it('tolerates what was learned besides, on its route only', () => {
    const book = bookOf(['X-Lot']);
    book.learn('GET /a', differsAt('field:x-node', 'body/at'));
    expect(fieldsOf(book, 'GET /a')).to.deep.equal(['x-lot', 'x-node']);
    expect(bodyOf(book, 'GET /a')).to.deep.equal(['at']);
    expect(fieldsOf(book, 'GET /b')).to.deep.equal(['x-lot']);
    expect(bodyOf(book, 'GET /b')).to.deep.equal([]);
  });

  it('adds to what was learned before', () => {
    const book = bookOf();
    book.learn('GET /a', differsAt('field:x-one'));
    book.learn('GET /a', differsAt('field:x-two'));
    expect(fieldsOf(book, 'GET /a')).to.deep.equal(['x-one', 'x-two']);
  });

  const nothing: readonly (readonly [Agreement, string])[] = [
    [{ kind: 'equal' }, 'there was no difference'],
    [differsAt('status', 'field:x-one'), 'one of the two has failed'],
  ];
  for (const [between, meaning] of nothing) {
    it(`learns nothing where ${meaning}, and keeps no page for it`, () => {
      const book = bookOf();
      const before = book.tolerated('GET /a');
      book.learn('GET /a', between);
      expect(book.tolerated('GET /a')).to.equal(before);
    });
  }

  it('is made ready once, not for every comparison', () => {
    const book = bookOf();
    book.learn('GET /a', differsAt('field:x-one'));
    const ready = book.tolerated('GET /a');
    book.learn('GET /a', differsAt('field:x-one'));
    expect(book.tolerated('GET /a')).to.equal(ready);
  });

  it('forgets the route that was not used for longest', () => {
    const book = bookOf();
    const route = (n: number) => `GET /${n}`;
    for (let n = 0; n < MOST_ROUTES; n++) book.learn(route(n), differsAt('field:x-one'));
    book.tolerated(route(0));
    book.learn(route(1), differsAt('field:x-two'));
    book.learn('GET /more', differsAt('field:x-one'));
    expect(fieldsOf(book, route(2))).to.deep.equal([], 'forgotten');
    expect(fieldsOf(book, route(0))).to.deep.equal(['x-one'], 'it was looked up');
    expect(fieldsOf(book, route(1))).to.deep.equal(['x-one', 'x-two'], 'it has learned more');
    expect(fieldsOf(book, 'GET /more')).to.deep.equal(['x-one']);
  });

  it('forgets all but what was declared', () => {
    const book = bookOf(['X-Lot']);
    book.learn('GET /a', differsAt('field:x-one'));
    book.clear();
    expect(fieldsOf(book, 'GET /a')).to.deep.equal(['x-lot']);
  });
});
