import { expect } from 'chai';
import {
  absoluteTarget,
  isAuthority,
  isTargetFor,
  originTarget,
} from '../../../src/http/target.js';

describe('isAuthority', () => {
  const good = [
    'a',
    'example.org',
    'example.org:80',
    'example.org:', // RFC 3986 §3.2.3 allows an empty port
    '127.0.0.1:8080',
    '[::1]',
    '[::1]:80',
    '[::ffff:10.0.0.1]',
    '[v1.a:b]',
    'xn--bcher-kva.example',
    'a_b',
    '%c3%a9',
    "!$&'()*+,;=~",
  ];
  for (const value of good) it(`takes ${value}`, () => expect(isAuthority(value)).to.equal(true));

  const bad = [
    '',
    ':80',
    'a b',
    'user@a',
    'a:b',
    'a:123456',
    'a/b',
    'a?b',
    'a#b',
    'a\\b',
    '%zz',
    '%4',
    '[::1',
    '::1',
    '[]',
    '[g::1]',
    '[::1%25eth0]',
    '[::1]a',
    '[v.a]',
    '\xe9',
    'a\t',
    'a:80:80',
  ];
  for (const value of bad) {
    it(`refuses ${JSON.stringify(value)}`, () => expect(isAuthority(value)).to.equal(false));
  }
});

describe('the forms of a target', () => {
  const rows: readonly (readonly [method: string, target: string, forServer: string | false])[] = [
    ['GET', '/', '/'],
    ['GET', '//a@b/c?d', '//a@b/c?d'], // a path, whatever it looks like
    ['GET', 'http://a/b?c', '/b?c'],
    ['GET', 'HTTPS://a:1/b', '/b'],
    ['GET', 'http://a', '/'],
    ['GET', 'http://a?b', '/?b'],
    ['OPTIONS', 'http://a', '*'], // RFC 9112 §3.2.4
    ['OPTIONS', 'http://a/', '/'],
    ['OPTIONS', 'http://a?b', '/?b'],
    ['OPTIONS', '*', '*'],
    ['GET', '*', false],
    ['GET', 'http://', false],
    ['GET', 'http:///b', false],
    ['GET', 'http://u@a/', false],
    ['GET', 'http://u:p@a/', false],
    ['GET', 'ftp://a/', false],
    ['GET', 'http:/a', false],
    ['GET', 'a:80', false], // authority-form, CONNECT only
    ['GET', 'b', false],
    ['GET', '?b', false],
  ];
  for (const [method, target, forServer] of rows) {
    it(`${forServer === false ? 'refuse' : 'allow'} ${method} ${target}`, () => {
      expect(isTargetFor(method, target)).to.equal(forServer !== false);
      const absolute = absoluteTarget(target);
      const own = absolute === undefined ? target : originTarget(method, absolute);
      if (forServer !== false) expect(own).to.equal(forServer);
    });
  }

  it('keep the authority of an absolute target', () => {
    expect(absoluteTarget('http://a.b:8/c')).to.deep.equal({ authority: 'a.b:8', path: '/c' });
  });
});
