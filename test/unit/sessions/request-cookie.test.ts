import { expect } from 'chai';
import fc from 'fast-check';
import { takenFrom, withoutOurs } from '../../../workers/sessions/request-cookie.js';

const head = (...lines: readonly string[]) =>
  ['GET / HTTP/1.1', 'Host: a', ...lines, 'Via: 1.1 cutover', '', ''].join('\r\n');

describe('takenFrom', () => {
  for (const [what, before, after, values] of [
    ['the only pair, with its line', ['Cookie: cutover=x'], [], ['x']],
    ['the first pair', ['Cookie: cutover=x; a=1; b=2'], ['Cookie: a=1; b=2'], ['x']],
    ['a middle pair', ['Cookie: a=1; cutover=x; b=2'], ['Cookie: a=1; b=2'], ['x']],
    ['the last pair', ['Cookie: a=1; b=2; cutover=x'], ['Cookie: a=1; b=2'], ['x']],
    ['any spelling of the field', ['cOOKIE:cutover=x; a=1'], ['cOOKIE:a=1'], ['x']],
    ['odd blanks', ['Cookie: a=1 ;\tcutover=x \t;  b=2'], ['Cookie: a=1 ;  b=2'], ['x']],
    ['no blanks', ['Cookie: cutover=x;b=2'], ['Cookie: b=2'], ['x']],
    ['quotes around the value', ['Cookie: cutover="x"; a="1"'], ['Cookie: a="1"'], ['x']],
    ['one quote, as it is', ['Cookie: cutover="'], [], ['"']],
    ['a pair behind a lone quote', ['Cookie: a="1; cutover=x; b=2'], ['Cookie: a="1; b=2'], ['x']],
    ['an empty value', ['Cookie: cutover=; a=1'], ['Cookie: a=1'], ['']],
    ['a line of nothing else', ['Cookie: ; cutover=x; ;'], [], ['x']],
    ['several in one line', ['Cookie: cutover=x; a=1; cutover=y'], ['Cookie: a=1'], ['x', 'y']],
    [
      'pairs in several lines',
      ['Cookie: a=1; cutover=x', 'Accept: */*', 'Cookie: cutover=y', 'cookie: b=2'],
      ['Cookie: a=1', 'Accept: */*', 'cookie: b=2'],
      ['x', 'y'],
    ],
    [
      'more than it reports',
      ['Cookie: cutover=1; cutover=2; cutover=3; cutover=4; cutover=5; a=1'],
      ['Cookie: a=1'],
      ['1', '2', '3', '4'],
    ],
  ] as const) {
    it(`takes ${what}`, () =>
      expect(takenFrom(head(...before))).to.deep.equal({ values, head: head(...after) }));
  }

  for (const [what, lines] of [
    ['no cookie', []],
    ['other cookies', ['Cookie: a=1; b=2']],
    ['a longer name before', ['Cookie: xcutover=1; a=1']],
    ['a longer name behind', ['Cookie: cutover2=1; a=cutover=1']],
    ['another case', ['Cookie: Cutover=1; CUTOVER=1; a=cutover=']],
    ['a no-break space before the name', ['Cookie: \u00a0cutover=1']],
    ['a name without a value', ['Cookie: cutover']],
    ['another field', ['X-Cookie: cutover=1', 'Cookie2: cutover=1', 'Set-Cookie: cutover=1']],
  ] as const) {
    it(`leaves ${what}`, () =>
      expect(takenFrom(head(...lines))).to.deep.equal({ values: [], head: head(...lines) }));
  }

  it('leaves the target and the body', () => {
    const request =
      'POST /?cutover=1 HTTP/1.1\r\nHost: a\r\n\r\nb\r\nCookie: cutover=1\r\n\r\ncutover=2';
    expect(takenFrom(request)).to.deep.equal({ values: [], head: request });
  });

  it('takes from a head that lacks its empty line', () =>
    expect(takenFrom('GET / HTTP/1.1\r\nCookie: cutover=x\r\nHost: a\r\n')).to.deep.equal({
      values: ['x'],
      head: 'GET / HTTP/1.1\r\nHost: a\r\n',
    }));

  it('leaves all other bytes equal', () => {
    const byte = fc.integer({ min: 0x20, max: 0xff }).map(code => String.fromCharCode(code));
    const pair = fc
      .string({ unit: byte, maxLength: 12 })
      .map(text => `p${text.replaceAll(';', ',')}`);
    const others = fc.array(pair, { minLength: 1, maxLength: 5 });
    const body = fc.string({ unit: 'binary-ascii' });
    fc.assert(
      fc.property(others, fc.nat(5), body, (pairs, place, rest) => {
        const at = Math.min(place, pairs.length);
        const all = pairs.toSpliced(at, 0, 'cutover=x');
        const request = (list: readonly string[]) => head(`Cookie: ${list.join('; ')}`) + rest;
        expect(takenFrom(request(all))).to.deep.equal({ values: ['x'], head: request(pairs) });
      }),
    );
  });

  it('takes nothing twice, and never throws', () => {
    const bits = ['Cookie:', 'cutover=', 'x', ';', ' ', '"', '\r\n', '\r', '\n', 'a=1', '='];
    const soup = fc.array(fc.constantFrom(...bits), { maxLength: 40 }).map(list => list.join(''));
    fc.assert(
      fc.property(soup, text => {
        const once = takenFrom(head(text));
        expect(takenFrom(once.head)).to.deep.equal({ values: [], head: once.head });
      }),
    );
  });
});

describe('withoutOurs', () => {
  const lines = (...list: readonly string[]) => list.map(line => `${line}\r\n`).join('');

  for (const [what, before, after] of [
    ['the only field', ['Set-Cookie: cutover=x; Path=/'], []],
    [
      'two in a row',
      ['A: 1', 'set-cookie:cutover=x', 'SET-COOKIE: cutover=', 'B: 2'],
      ['A: 1', 'B: 2'],
    ],
    ['a name with blanks around it', ['Set-Cookie: \tcutover =x', 'A: 1'], ['A: 1']],
  ] as const) {
    it(`strips ${what}`, () => expect(withoutOurs(lines(...before))).to.equal(lines(...after)));
  }

  it('strips a last line that lacks its end', () =>
    expect(withoutOurs('A: 1\r\nSet-Cookie: cutover=x')).to.equal('A: 1\r\n'));

  for (const field of [
    'Set-Cookie: a=1; cutover=x',
    'Set-Cookie: a=cutover=x',
    'Set-Cookie: xcutover=1',
    'Set-Cookie: cutover2=1',
    'Set-Cookie: CUTOVER=1',
    'Set-Cookie: cutover',
    'X-Set-Cookie: cutover=1',
    'Via: 1.1 cutover',
  ]) {
    it(`leaves ${field}`, () =>
      expect(withoutOurs(lines('A: 1', field, 'B: 2'))).to.equal(lines('A: 1', field, 'B: 2')));
  }
});
