import { expect } from 'chai';
import { firstMessage, statusOf, valuesOf } from './http-message.js';

const open = { ended: false };
const read = (text: string, circumstances = open) =>
  firstMessage(Buffer.from(text, 'latin1'), circumstances);

describe('support: a second opinion on HTTP messages', () => {
  it('keeps order, spelling and number of fields', () => {
    const { message } = read('GET / HTTP/1.1\r\nhOST: a\r\nX-A: 1\r\nx-a: 2\r\n\r\n')!;
    expect(message.startLine).to.equal('GET / HTTP/1.1');
    expect(message.fields).to.deep.equal([
      ['hOST', 'a'],
      ['X-A', '1'],
      ['x-a', '2'],
    ]);
    expect(valuesOf(message, 'X-a')).to.deep.equal(['1', '2']);
  });

  for (const [what, text] of [
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
    ],
  ] as const) {
    it(`reads a body with ${what}, and not a byte of what follows`, () => {
      const { message, length } = read(`${text}HTTP/1.1 204 No Content\r\n\r\n`)!;
      expect(statusOf(message)).to.equal(200);
      expect(message.body.toString()).to.equal('hello');
      expect(message.raw).to.equal(text);
      expect(length).to.equal(text.length);
    });

    it(`waits for every byte of a body with ${what}`, () => {
      for (let cut = 0; cut < text.length; cut += 1) {
        expect(read(text.slice(0, cut)), text.slice(0, cut)).to.be.undefined;
      }
    });
  }

  it('reads trailers', () => {
    const text = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 7\r\n\r\n';
    expect(read(text)?.message.trailers).to.deep.equal([['X-Sum', '7']]);
  });

  it('reads a close-delimited body when the connection has ended', () => {
    const text = 'HTTP/1.0 200 OK\r\n\r\nall of it';
    expect(read(text)).to.be.undefined;
    expect(read(text, { ended: true })?.message.body.toString()).to.equal('all of it');
  });

  it('expects no body after 1xx, 204, 304 and HEAD', () => {
    for (const status of [100, 103, 204, 304]) {
      expect(read(`HTTP/1.1 ${status} X\r\nContent-Length: 9\r\n\r\n`)?.message.body).to.be.empty;
    }
    const head = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n');
    expect(firstMessage(head, { ...open, toHead: true })?.message.body).to.be.empty;
  });

  it('refuses a chunk without a size', () => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n';
    expect(() => read(text)).to.throw('no chunk size');
  });
});
