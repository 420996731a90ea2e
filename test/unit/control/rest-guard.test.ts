import { expect } from 'chai';
import { refusal } from '../../../src/control/guard.js';

describe('the guard of the REST API', () => {
  const TOKEN = 'secret';

  const pages: readonly (readonly [origin: string, host: string | undefined, why: string])[] = [
    ['http://127.0.0.1:9090', '127.0.0.1:9090', 'the page came from here'],
    ['http://[::1]:9090', '[::1]:9090', 'the page came from here'],
    ['http://localhost:9090', 'localhost:9090', 'the page came from here'],
    ['http://localhost:9090', 'LOCALHOST:9090', 'names are the same in any case'],
  ];
  for (const [origin, host, why] of pages) {
    it(`lets ${origin} ask ${String(host)} without a token: ${why}`, () => {
      expect(refusal({ authorization: undefined, origin, host }, undefined)).to.equal(undefined);
    });
  }

  const strangers: typeof pages = [
    ['http://evil.example', 'localhost:9090', 'it came from elsewhere'],
    ['http://127.0.0.1:9090', '127.0.0.1:9091', 'it came from another port'],
    ['http://127.0.0.1:9090', undefined, 'nobody says who was asked'],
    ['null', '127.0.0.1:9090', 'it came from nowhere'],
    ['http://evil.example:9090', 'evil.example:9090', 'any name can be bent to here'],
    ['http://control.internal', 'control.internal', 'any name can be bent to here'],
    ['http://1.2.3.4.evil.example', '1.2.3.4.evil.example', 'it only begins like an address'],
    ['http://evil.localhost:9090', 'evil.localhost:9090', 'it only ends like this machine'],
  ];
  for (const [origin, host, why] of strangers) {
    it(`does not let ${origin} ask ${String(host)} without a token: ${why}`, () => {
      expect(refusal({ authorization: undefined, origin, host }, undefined)).to.equal(403);
    });
  }

  it('lets a page of any name ask where it brings the token, which no other page knows', () => {
    const caller = { origin: 'https://control.internal', host: 'control.internal' };
    const authorization = `Bearer ${TOKEN}`;
    expect(refusal({ ...caller, authorization }, TOKEN)).to.equal(undefined);
    expect(refusal({ ...caller, authorization: undefined }, TOKEN)).to.equal(401);
    expect(refusal({ ...caller, host: 'other.internal', authorization }, TOKEN)).to.equal(403);
  });

  // Pages say no Origin when they only read: they cannot be told from whoever is none.
  for (const [host, may] of [
    ['127.0.0.1:9090', true],
    ['[::1]:9090', true],
    ['localhost:9090', true],
    ['control:9090', true], // of a private network: no page can have such a name
    ['Control.Internal:9090', true], // as configured
    ['evil.example:9090', false],
    ['127.0.0.1.evil.example', false],
    ['a b', false],
    [undefined, true], // HTTP/1.0
  ] as const) {
    it(`${may ? 'lets' : 'does not let'} whoever says no Origin ask ${String(host)} without a token`, () => {
      const caller = { authorization: undefined, origin: undefined, host };
      const status = may ? undefined : 403;
      expect(refusal(caller, undefined, 'control.internal')).to.equal(status);
      expect(refusal({ ...caller, authorization: `Bearer ${TOKEN}` }, TOKEN)).to.equal(undefined);
    });
  }
});
