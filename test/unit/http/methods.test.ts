import { expect } from 'chai';
import { isSafeToRepeat } from '../../../src/http/methods.js';

describe('isSafeToRepeat', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']) {
    it(`is true of ${method}`, () => expect(isSafeToRepeat(method)).to.equal(true));
  }
  for (const method of ['POST', 'PATCH', 'CONNECT', 'PURGE', 'get', '', 'constructor']) {
    it(`is false of ${method || 'nothing'}`, () => expect(isSafeToRepeat(method)).to.equal(false));
  }
});
