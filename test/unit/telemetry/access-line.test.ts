import { expect } from 'chai';
import fc from 'fast-check';
import type { RequestHead } from '../../../src/http/message.js';
import { ABORTED, type AccessEntry } from '../../../src/telemetry/access-entry.js';
import { combinedLine, jsonLine } from '../../../src/telemetry/access-line.js';
import { LONGEST_VALUE } from '../../../src/telemetry/escaped.js';

const seed = Date.now();
const plain = { queries: false };

const head = (about: Partial<RequestHead> = {}): RequestHead => ({
  method: 'GET',
  target: '/path?secret=1',
  version: '1.1',
  fields: [['Host', 'app']],
  ...about,
});

const entry = (about: Partial<AccessEntry> = {}, begun: Partial<AccessEntry['begun']> = {}) => ({
  begun: {
    head: head(),
    client: '203.0.113.9',
    requestId: 'id',
    traceId: 'trace',
    wall: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    at: 1000,
    ...begun,
  },
  ending: 'complete' as const,
  status: 200,
  bytes: 5,
  answeredAt: 1001.5,
  endedAt: 1002.00049,
  code: undefined,
  account: undefined,
  givings: 1,
  ...about,
});

/** Any byte that a field or target could have, and more. */
const latin1 = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
  .map(codes => String.fromCharCode(...codes));

const LINE =
  /^(\S+) - - \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000)\] "((?:[^"\\]|\\["\\]|\\x[\da-f]{2})*)" (\d{3}) (\d+|-) "((?:[^"\\]|\\["\\]|\\x[\da-f]{2})*)" "((?:[^"\\]|\\["\\]|\\x[\da-f]{2})*)"\n$/;

describe(`lines of the access log (seed ${seed})`, () => {
  describe('as JSON', () => {
    const parsed = (of: AccessEntry, options = plain) =>
      JSON.parse(jsonLine(of, options)) as Record<string, unknown>;

    it('are one object each, with times in milliseconds', () => {
      const line = jsonLine(entry(), plain);
      expect(line.endsWith('}\n')).to.equal(true);
      expect(parsed(entry())).to.include({
        time: '2026-01-02T03:04:05.678Z',
        duration: 2,
        firstByte: 1.5,
        target: '/path?',
      });
    });

    it('have every key, also of a request that was none', () => {
      const known = Object.keys(parsed(entry()));
      const unread = parsed(
        entry({ answeredAt: undefined, status: ABORTED, givings: 0 }, { head: undefined }),
      );
      expect(Object.keys(unread)).to.deep.equal(known);
      expect(unread).to.include({ method: null, target: null, firstByte: null, attempts: 0 });
    });

    it('escape whatever is not printable ASCII, and mean it all the same', () => {
      fc.assert(
        fc.property(latin1, latin1, latin1, (target, agent, host) => {
          const fields = [
            ['User-Agent', agent],
            ['Host', host],
          ] as const;
          const of = entry({}, { head: head({ target, fields }) });
          const line = jsonLine(of, { queries: true });
          expect(line).to.match(/^[\x20-\x7e]*\n$/);
          const {
            target: seen,
            userAgent,
            host: named,
          } = JSON.parse(line) as Record<string, unknown>;
          expect(seen).to.equal(target.replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i, '$1//'));
          expect(userAgent).to.equal(agent === '' ? null : agent);
          expect(named).to.equal(host === '' ? null : host);
        }),
        { seed, numRuns: 500 },
      );
    });

    it('keep no more of a value than fits', () => {
      const target = `/${'a"'.repeat(10_000)}`;
      const line = jsonLine(entry({}, { head: head({ target }) }), plain);
      expect(parsed(entry({}, { head: head({ target }) }))['target']).to.have.length(LONGEST_VALUE);
      expect(line.length).to.be.lessThan(2 * LONGEST_VALUE + 1000);
    });

    it('count what was given to workers that were lost', () => {
      const account = ['1', '', 's:1', 2, false, '', ''] as const;
      expect(parsed(entry({ givings: 3, account }))).to.include({ attempts: 4, rescued: true });
      const failed = entry({ givings: 2, code: 'ERR_WORKER_LOST' });
      expect(parsed(failed)).to.include({ attempts: 1, rescued: false });
    });
  });

  describe('as Combined', () => {
    it('are as the Apache HTTP server writes them', () => {
      const fields = [
        ['Referer', 'https://user:password@site/page?token=1#part'],
        ['User-Agent', 'browser/1 (x)'],
      ] as const;
      expect(combinedLine(entry({}, { head: head({ fields }) }), plain)).to.equal(
        '203.0.113.9 - - [02/Jan/2026:03:04:05 +0000] "GET /path? HTTP/1.1" 200 5 ' +
          '"https://site/page?" "browser/1 (x)"\n',
      );
      const of = entry({ bytes: 0 }, { head: undefined, client: undefined });
      expect(combinedLine(of, plain)).to.equal(
        '- - - [02/Jan/2026:03:04:05 +0000] "-" 200 - "-" "-"\n',
      );
    });

    it('can be taken apart again, whatever clients send', () => {
      const meant = (text: string) =>
        text
          .replace(/\\x([\da-f]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
          .replace(/\\(["\\])/g, '$1');
      fc.assert(
        fc.property(latin1, latin1, (agent, target) => {
          const fields = [['User-Agent', agent]] as const;
          const line = combinedLine(entry({}, { head: head({ target, fields }) }), plain);
          expect(line).to.match(/^[\x20-\x7e]*\n$/);
          const [, client, , request, status, bytes, , seen = ''] = LINE.exec(line) ?? [];
          expect([client, status, bytes]).to.deep.equal(['203.0.113.9', '200', '5']);
          expect(request).to.match(/^GET .* HTTP\/1\.1$/);
          // A backslash of the client's own is told apart from ours: there is one way to read it.
          const backslashes = agent.includes('\\');
          if (!backslashes) expect(meant(seen)).to.equal(agent === '' ? '-' : agent);
        }),
        { seed, numRuns: 500 },
      );
    });
  });
});
