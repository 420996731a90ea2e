/** Our reader of requests beside llhttp: never laxer, never another framing. */
import { expect } from 'chai';
import fc from 'fast-check';
import { attacks } from '../../support/smuggling.js';
import { knowsMethod, llhttpRequests } from '../../support/llhttp.js';
import { judgeRequests, readOf, sentOnBy } from './fuzz-requests.js';
import { latin1, readRequests } from './arrivals.js';
import { nearlyRequests } from './fuzz-grammar.js';

const judged = (text: string) => judgeRequests(latin1(text));

describe('requests, read by us and by llhttp', () => {
  it('are smuggled past neither: every known way is refused, or is the one request that was sent', () => {
    const laxer = attacks().filter(({ bytes, body }) => {
      const { messages, refused } = judgeRequests(bytes);
      const isOne = messages.length === 1 && messages[0]!.isComplete && refused === undefined;
      return body === undefined ? refused === undefined : !isOne || messages[0]!.body !== body;
    });
    expect(laxer.map(({ name }) => name)).to.deep.equal([]);
  });

  it('mean the same to both, whatever a grammar of mistakes makes of them', () => {
    const counts = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(nearlyRequests, text => {
        const { messages, refused } = judged(text);
        counts.accepted += messages.filter(({ isComplete }) => isComplete).length;
        counts.refused += refused === undefined ? 0 : 1;
      }),
      { numRuns: 1500 },
    );
    // Else the grammar had made nothing that is worth to be compared.
    expect(counts.accepted).to.be.greaterThan(300);
    expect(counts.refused).to.be.greaterThan(300);
  });

  it('may have a method that llhttp does not know, which is any token', () => {
    const text = 'PURGE-ALL /x HTTP/1.1\r\nHost: a\r\n\r\n';
    expect(knowsMethod('PURGE-ALL')).to.be.false;
    expect(judged(text).messages).to.have.lengthOf(1);
    expect(llhttpRequests(latin1(text)).refused).to.equal('HPE_INVALID_METHOD');
  });

  it('may have bad white space in a chunk extension, as RFC 9112 wants, and it goes no further', () => {
    for (const extension of [' ;a', '\t;a', ' ; a = b', '; a', ';a ="b"']) {
      const text = `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1${extension}\r\nx\r\n0\r\n\r\n`;
      expect(judged(text).messages[0]?.body, extension).to.equal('x');
      expect(llhttpRequests(latin1(text)).refused, extension).to.match(/^HPE_/);
    }
  });

  it('may have a tab behind a framing field, which is no part of its value', () => {
    for (const field of ['Content-Length: 1\t', 'Content-Length:\t1 \t ']) {
      const text = `POST /x HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\nx`;
      expect(judged(text).messages[0]?.body, field).to.equal('x');
      expect(llhttpRequests(latin1(text)).refused, field).to.match(/^HPE_/);
    }
  });

  it('may have a length among their trailers, where it frames nothing, and it goes no further', () => {
    const text =
      'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nContent-Length: \r\n\r\n';
    expect(judged(text).messages[0]?.body).to.equal('x');
    expect(llhttpRequests(latin1(text)).refused).to.match(/^HPE_/);
    const [request] = sentOnBy(latin1(text));
    expect(request?.sent.toString('latin1')).to.include('Content-Length: 1\r\n');
    expect(request?.sent.toString('latin1')).not.to.include('Content-Length: \r\n');
  });

  it('are told apart by this test: two readings that differ are found', () => {
    const one = readOf(readRequests([latin1('GET / HTTP/1.1\r\nHost: a\r\n\r\n')]));
    const other = llhttpRequests(latin1('GET /other HTTP/1.1\r\nHost: a\r\n\r\n'));
    expect(one.messages[0]!.start).not.to.deep.equal(other.messages[0]!.start);
  });
});
