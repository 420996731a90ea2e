import { expect } from 'chai';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { CutoverError } from '../../../src/kernel/errors.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import { MOST_SHARED_SERVERS, type Shared, type Standing } from '../../../src/wire/shared.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import {
  decodeFromControl,
  decodeFromFollower,
  encodeMessage,
  type FromControl,
  type FromFollower,
  CONTROL_WIRE_VERSION,
} from '../../../src/wire/control-message.js';

const packer = new Packr({ useRecords: false });
const packed = (...fields: readonly unknown[]) => packer.pack([CONTROL_WIRE_VERSION, ...fields]);

const table = firstTable({
  id: versionId('v1'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
});

const keys = ['a2V5', 'b2xk'];
const follow = { role: 'worker', name: 'worker-1', edition: 7 } as const;
const progress = { version: versionId('v1'), share: share(0.25), isHeld: false, taken: 3 };

const server = { version: versionId('v1'), server: '127.0.0.1:9101' };
const standing: Standing = {
  part: share(0.25),
  used: share(0.1),
  wants: true,
  out: [{ ...server, ms: 4_999.5 }],
  uses: [server],
};
const shared: Shared = { part: share(0.25), servers: [{ ...server, ms: 10, isOut: true }] };

function codeOf(decode: () => unknown): string {
  try {
    decode();
  } catch (cause) {
    return cause instanceof CutoverError ? cause.code : String(cause);
  }
  return 'none';
}

describe('messages between control and its followers', () => {
  const toControl: readonly (readonly [what: string, message: FromFollower])[] = [
    ['follow', { kind: 'follow', ...follow, progress: undefined }],
    [
      'follow with progress',
      {
        kind: 'follow',
        ...follow,
        role: 'frontend',
        progress: { version: versionId('v1'), share: share(1) },
      },
    ],
    ['acknowledge', { kind: 'acknowledge', edition: 7 }],
    ['report', { kind: 'report', report: { sequence: 1, versions: [] } }],
    ['where a worker stands', { kind: 'standing', standing }],
    ['beat', { kind: 'beat' }],
  ];
  for (const [what, message] of toControl) {
    it(`carry ${what} to control`, () => {
      expect(decodeFromFollower(encodeMessage(message))).to.deep.equal(message);
    });
  }

  const toFollower: readonly (readonly [what: string, message: FromControl])[] = [
    ['stranger', { kind: 'stranger' }],
    ['beat', { kind: 'beat' }],
    ['a beat with the pace of reports', { kind: 'beat', every: 125 }],
    ['a table', { kind: 'table', table, keys }],
    ['a table without keys', { kind: 'table', table, keys: [] }],
    ['progress', { kind: 'progress', progress }],
    ['what workers share', { kind: 'shared', shared }],
    [
      'a part of the budget alone',
      { kind: 'shared', shared: { part: share(1), servers: undefined } },
    ],
  ];
  for (const [what, message] of toFollower) {
    it(`carry ${what} to a follower`, () => {
      expect(decodeFromControl(encodeMessage(message))).to.deep.equal(message);
    });
  }

  const shown = { version: 'v1', share: 0.5 };
  const out = { ...server, ms: 1 };
  const stands = (about: object) => ({ kind: 'standing', standing: { ...standing, ...about } });
  const malformed: readonly (readonly [what: string, message: unknown])[] = [
    ['nothing', undefined],
    ['no message', 'beat'],
    ['an unknown kind', { kind: 'hello' }],
    ['a kind of the other direction', { kind: 'stranger' }],
    ['an edition below zero', { kind: 'acknowledge', edition: -1 }],
    ['an edition that is no whole number', { kind: 'acknowledge', edition: 1.5 }],
    ['a name with control characters', { kind: 'follow', ...follow, name: 'a\nb' }],
    ['a name that is too long', { kind: 'follow', ...follow, name: 'a'.repeat(129) }],
    ['an unknown role', { kind: 'follow', ...follow, role: 'control' }],
    ['no role', { kind: 'follow', name: 'worker-1', edition: 7 }],
    ['a share over 1', { kind: 'follow', ...follow, progress: { ...shown, share: 1.01 } }],
    ['a share below 0', { kind: 'follow', ...follow, progress: { ...shown, share: -0.01 } }],
    [
      'a share that is no number',
      { kind: 'follow', ...follow, progress: { ...shown, share: NaN } },
    ],
    ['progress of no version', { kind: 'follow', ...follow, progress: { share: 0.5 } }],
    ['a report that is none', { kind: 'report', report: { sequence: 0, versions: [] } }],
    ['a field too many', { kind: 'beat', edition: 1 }],
    ['more than all of the budget', stands({ part: 1.01 })],
    ['less than nothing of it used', stands({ used: -0.1 })],
    ['a standing without what it wants', stands({ wants: undefined })],
    ['a server that is out for a time below zero', stands({ out: [{ ...server, ms: -1 }] })],
    ['a server that is out for ever', stands({ out: [{ ...server, ms: Infinity }] })],
    ['a server without a name', stands({ uses: [{ ...server, server: '' }] })],
    ['a name that no server has', stands({ uses: [{ ...server, server: 'a'.repeat(260) }] })],
    ['too many servers', stands({ uses: Array(MOST_SHARED_SERVERS + 1).fill(server) })],
    ['too many servers that are out', stands({ out: Array(MOST_SHARED_SERVERS + 1).fill(out) })],
  ];
  for (const [what, message] of malformed) {
    it(`are refused by control with ${what}`, () => {
      expect(codeOf(() => decodeFromFollower(packed(message)))).to.equal('ERR_WIRE_MALFORMED');
    });
  }

  for (const every of [39, 1001, 40.5, '40', null]) {
    it(`are refused by a follower with a pace of ${JSON.stringify(every)}`, () => {
      const beat = packed({ kind: 'beat', every });
      expect(codeOf(() => decodeFromControl(beat))).to.equal('ERR_WIRE_MALFORMED');
    });
  }

  it('are refused with something behind them', () => {
    const more = packed({ kind: 'beat' }, 1);
    expect(codeOf(() => decodeFromFollower(more))).to.equal('ERR_WIRE_MALFORMED');
    expect(codeOf(() => decodeFromControl(more))).to.equal('ERR_WIRE_MALFORMED');
  });

  const [version] = table.versions;
  const tables: readonly (readonly [what: string, table: unknown])[] = [
    ['no table', undefined],
    ['no versions', { edition: 1, versions: [] }],
    ['edition zero', { ...table, edition: 0 }],
    ['an unknown field', { ...table, more: 1 }],
    [
      'nobody who may serve',
      { edition: 1, versions: [{ ...version, state: { name: 'aborted' } }] },
    ],
    ['an id twice', { edition: 1, versions: [version, version] }],
    ['the oldest first', { edition: 1, versions: [version, { ...version, id: 'b', number: '2' }] }],
    ['a server that is no address', { edition: 1, versions: [{ ...version, servers: ['x'] }] }],
  ];
  for (const [what, value] of tables) {
    it(`are refused by a follower with ${what}`, () => {
      expect(
        codeOf(() => decodeFromControl(packed({ kind: 'table', table: value, keys }))),
      ).to.equal('ERR_WIRE_MALFORMED');
    });
  }

  it('take as many keys as the configuration may list, padded or not', () => {
    const most = {
      kind: 'table',
      table,
      keys: Array.from('0123456789abcdef', each => `${each}===`.slice(0, 3)),
    };
    expect(codeOf(() => decodeFromControl(packed(most)))).to.equal('none');
    const unpadded = { kind: 'table', table, keys: ['A'.repeat(1368)] };
    expect(codeOf(() => decodeFromControl(packed(unpadded)))).to.equal('none');
  });

  const progressed = (about: object) => ({ kind: 'progress', progress: { ...progress, ...about } });
  const isOut = { ...server, ms: 1, isOut: true };
  const sharing = (about: object) => ({ kind: 'shared', shared: { ...shared, ...about } });
  const refused: readonly (readonly [what: string, message: unknown])[] = [
    ['a kind of the other direction', { kind: 'acknowledge', edition: 1 }],
    ['a table without a list of keys', { kind: 'table', table }],
    ['seventeen keys', { kind: 'table', table, keys: Array<string>(17).fill('a2V5') }],
    ['an empty key', { kind: 'table', table, keys: [''] }],
    ['a key that is not base64', { kind: 'table', table, keys: ['a key'] }],
    ['a key that is too long', { kind: 'table', table, keys: ['A'.repeat(1369)] }],
    ['progress beyond the whole', progressed({ share: 1.5 })],
    ['progress below nothing', progressed({ share: -0.5 })],
    ['progress that may or may not be held', progressed({ isHeld: undefined })],
    ['progress of a version without an id', progressed({ version: '' })],
    ['progress with a sequence below zero', progressed({ taken: -1 })],
    ['progress that says more', progressed({ more: 1 })],
    ['more than all of the budget', sharing({ part: 1.5 })],
    ['a server that is perhaps out', sharing({ servers: [{ ...server, ms: 1 }] })],
    ['too many servers', sharing({ servers: Array(MOST_SHARED_SERVERS + 1).fill(isOut) })],
  ];
  for (const [what, message] of refused) {
    it(`are refused by a follower with ${what}`, () => {
      expect(codeOf(() => decodeFromControl(packed(message)))).to.equal('ERR_WIRE_MALFORMED');
    });
  }

  it('name both versions when the peer speaks another', () => {
    const other = packer.pack([99, 'beat']);
    expect(() => decodeFromControl(other))
      .to.throw('version 99')
      .with.property('code', 'ERR_WIRE_VERSION');
    expect(() => decodeFromFollower(other)).to.throw(`we speak ${CONTROL_WIRE_VERSION}`);
  });

  it('are refused in order when they are arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
        for (const decode of [decodeFromControl, decodeFromFollower]) {
          expect(codeOf(() => decode(bytes))).to.be.oneOf([
            'none',
            'ERR_WIRE_MALFORMED',
            'ERR_WIRE_VERSION',
          ]);
        }
      }),
    );
  });
});
