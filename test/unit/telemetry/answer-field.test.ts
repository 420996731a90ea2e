import { expect } from 'chai';
import {
  answerField,
  namesRequest,
  withoutAnswerField,
} from '../../../src/telemetry/answer-field.js';
import type { Account } from '../../../src/wire/account.js';

const account = (
  version: string,
  strategy: Account[1] = '',
  isRescued = false,
  compared: Account[5] = '',
): Account => [version, strategy, '127.0.0.1:80', 1, isRescued, compared, 'new'];

describe('the field Cutover', () => {
  const rows: readonly (readonly [Account, string])[] = [
    [
      account('2.0', 'GRADUAL', true, 'agreed'),
      'version="2.0", strategy=GRADUAL, rescued, compared=agreed',
    ],
    [account('2.0'), 'version="2.0"'],
    [
      account('1', 'CONCURRENT', false, 'differed'),
      'version="1", strategy=CONCURRENT, compared=differed',
    ],
  ];
  for (const [told, value] of rows) {
    it(`says ${value}`, () => {
      expect(answerField(told)).to.equal(`Cutover: ${value}\r\n`);
    });
  }

  it('says that a request was rescued whose worker was lost', () => {
    expect(answerField(account('1'), true)).to.equal('Cutover: version="1", rescued\r\n');
  });

  it('is left out where there is nothing to say', () => {
    expect(answerField(account(''))).to.equal('');
  });

  it('is taken out of what a server sends, in any spelling, wherever it stands', () => {
    const lines = 'Cutover: a\r\nCUTOVER: b\r\nX: cutover: c\r\nCutover-More: d\r\ncutover:\r\n';
    expect(withoutAnswerField(lines)).to.equal('X: cutover: c\r\nCutover-More: d\r\n');
    expect(withoutAnswerField('')).to.equal('');
  });
});

describe('namesRequest', () => {
  it('finds the field in any place and spelling, and nothing that only looks like it', () => {
    expect(namesRequest('A: b\r\nx-request-ID: 1\r\n')).to.equal(true);
    expect(namesRequest('X-Request-Id: 1\r\n')).to.equal(true);
    expect(namesRequest('A: X-Request-Id: 1\r\nX-Request-Ids: 2\r\n')).to.equal(false);
  });
});
