import { expect } from 'chai';
import { versionId } from '../../../src/kernel/ids.js';
import { Withheld, type Blame, type Observed } from '../../../workers/observation/withheld.js';

const observed = (target: string, server = 'a', version = 'v2'): Observed => ({
  observation: {
    version: versionId(version),
    server,
    route: 'GET /',
    outcome: 'ok',
    code: undefined,
    status: undefined,
    delay: 1,
    bytes: undefined,
    attempt: 1,
  },
  method: 'GET',
  target,
  at: 0,
});

describe('Withheld', () => {
  let told: string[];
  let withheld: Withheld;
  beforeEach(() => {
    told = [];
    withheld = new Withheld(({ target }) => told.push(target));
  });
  const fails = (blame: Blame, ...targets: readonly string[]) =>
    targets.forEach(target => withheld.failed(observed(target), blame));

  it('tells of answers at once', () => {
    withheld.answered(observed('1'));
    expect(told).to.deep.equal(['1']);
  });

  it('tells of a failure at once that is its version’s', () => {
    fails('version', '1', '2');
    expect(told).to.deep.equal(['1', '2']);
  });

  it('keeps undecided failures back until the same server answers', () => {
    fails('undecided', '1', '2');
    withheld.answered(observed('other server', 'b'));
    withheld.answered(observed('other version', 'a', 'v1'));
    expect(told).to.deep.equal(['other server', 'other version']);
    withheld.answered(observed('3'));
    expect(told.slice(2)).to.deep.equal(['1', '2', '3']);
    withheld.answered(observed('4'));
    expect(told.slice(5)).to.deep.equal(['4']);
  });

  it('tells nothing of failures that were the server’s own', () => {
    fails('undecided', '1', '2');
    fails('server', '3');
    withheld.answered(observed('4'));
    expect(told).to.deep.equal(['4']);
  });

  it('tells of all that it kept back once the failures are the version’s', () => {
    fails('undecided', '1', '2');
    fails('version', '3');
    expect(told).to.deep.equal(['1', '2', '3']);
  });

  it('keeps no more than 64 of one server', () => {
    const targets = Array.from({ length: 65 }, (_, at) => String(at));
    fails('undecided', ...targets);
    expect(told).to.deep.equal(targets);
  });
});
