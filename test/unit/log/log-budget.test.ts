import { expect } from 'chai';
import { LogBudget } from '../../../src/log-budget.js';
import { reporter } from '../../../src/log.js';

describe('the budget of the log', () => {
  it('allows a hundred lines of a kind in a second, and says with the next how many were left out', () => {
    const budget = new LogBudget();
    const told = Array.from({ length: 250 }, () => budget.allows('peer-refused', 5));
    expect(told.slice(0, 100)).to.deep.equal(new Array(100).fill(0));
    expect(told.slice(100)).to.deep.equal(new Array(150).fill(undefined));
    expect(budget.allows('peer-refused', 1004)).to.equal(undefined);
    expect(budget.allows('peer-refused', 1005)).to.equal(151);
    expect(budget.allows('peer-refused', 1005)).to.equal(0);
  });

  it('counts each kind for itself, and bounds only what others cause', () => {
    const budget = new LogBudget();
    for (let n = 0; n < 200; n++) budget.allows('worker-joined', 0);
    expect(budget.allows('worker-joined', 0)).to.equal(undefined);
    expect(budget.allows('worker-lost', 0)).to.equal(0);
    const ours = Array.from({ length: 1000 }, () => budget.allows('version-changed', 0));
    expect(ours).to.deep.equal(new Array(1000).fill(0));
  });

  it('is kept to by what is written', () => {
    const lines: string[] = [];
    let now = 0;
    const report = reporter(
      { role: 'frontend', level: 'info', pretty: false },
      { write: line => void lines.push(line) },
      () => now,
    );
    const refused = { type: 'peer-refused', peer: '00', because: 'nonsense' } as const;
    for (let n = 0; n < 5000; n++) report(refused);
    expect(lines).to.have.lengthOf(100);
    now = 1000;
    report(refused);
    const last = JSON.parse(lines.at(-1)!) as Record<string, unknown>;
    expect(last).to.include({ event: 'peer-refused', untold: 4900 });
    expect(last['message']).to.match(/nonsense; and 4900 more like it/);
  });

  it('is not spent on lines that are below the level', () => {
    const lines: string[] = [];
    const report = reporter(
      { role: 'frontend', level: 'info', pretty: false },
      { write: line => void lines.push(line) },
      () => 0,
    );
    const refused = { type: 'request-refused', because: 'x' } as const;
    for (let n = 0; n < 500; n++) report({ ...refused, code: 'ERR_HEAD_MALFORMED' }); // debug
    report({ ...refused, code: 'ERR_QUEUE_FULL' });
    expect(lines).to.have.lengthOf(1);
  });
});
