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

  it('lets whoever is no page ask by any name', () => {
    const caller = { authorization: undefined, origin: undefined, host: 'control.internal' };
    expect(refusal(caller, undefined)).to.equal(undefined);
  });
});
