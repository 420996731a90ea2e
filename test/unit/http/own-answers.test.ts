import { expect } from 'chai';
import { continueAnswer, ownAnswer } from '../../../src/http/own-answers.js';
import { errorCodes, kindOf } from '../../../src/kernel/errors.js';
import { readAnswer } from './arrivals.js';

const plain = { status: 503, text: 'später', keepAlive: true, headOnly: false };

describe('ownAnswer', () => {
  it('says status, type, length and text', () => {
    expect(ownAnswer(plain).toString()).to.equal(
      'HTTP/1.1 503 Service Unavailable\r\n' +
        'Content-Type: text/plain; charset=utf-8\r\n' +
        'Content-Length: 8\r\n\r\nspäter\n', // bytes, not characters
    );
  });

  it('tells when the connection closes, and when to come again', () => {
    const text = ownAnswer({ ...plain, keepAlive: false, retryAfter: 1.2 }).toString();
    expect(text).to.include('\r\nConnection: close\r\n');
    expect(text).to.include('\r\nRetry-After: 2\r\n');
  });

  it('leaves out the text for HEAD, and keeps its length', () => {
    const text = ownAnswer({ ...plain, headOnly: true }).toString();
    expect(text.endsWith('\r\nContent-Length: 8\r\n\r\n')).to.equal(true);
  });

  it('is a whole answer to clients', () => {
    for (const headOnly of [true, false]) {
      const { parts } = readAnswer([ownAnswer({ ...plain, headOnly })], {
        method: headOnly ? 'HEAD' : 'GET',
      });
      const kinds = headOnly ? ['head', 'end'] : ['head', 'body', 'end'];
      expect(parts.map(({ kind }) => kind)).to.deep.equal(kinds);
    }
  });

  it('has a reason for the status of every error', () => {
    const statuses = new Set(errorCodes.map(code => kindOf(code).status));
    for (const status of statuses) {
      const [line] = ownAnswer({ ...plain, status })
        .toString()
        .split('\r\n');
      expect(line).to.match(new RegExp(`^HTTP/1.1 ${status} [A-Z]`));
    }
  });

  it('does without a reason that it does not know', () => {
    expect(
      ownAnswer({ ...plain, status: 599 })
        .toString()
        .startsWith('HTTP/1.1 599 \r\n'),
    ).to.equal(true);
  });
});

describe('continueAnswer', () => {
  it('is an interim answer and nothing else', () => {
    const { parts, refused } = readAnswer([continueAnswer]);
    expect([parts.map(({ kind }) => kind), refused]).to.deep.equal([['interim'], undefined]);
  });
});
