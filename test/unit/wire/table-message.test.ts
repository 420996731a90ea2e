import { expect } from 'chai';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { CutoverError } from '../../../src/kernel/errors.js';
import { versionId } from '../../../src/kernel/ids.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import {
  decodeFromControl,
  decodeFromFollower,
  encodeMessage,
  TABLE_WIRE_VERSION,
} from '../../../src/wire/table-message.js';

const packer = new Packr({ useRecords: false });
const packed = (...fields: readonly unknown[]) => packer.pack([TABLE_WIRE_VERSION, ...fields]);

const table = firstTable({
  id: versionId('v1'),
  number: '1.0',
  servers: [{ host: '127.0.0.1', port: 9101 }],
  transition: { mode: 'INSTANT' },
});

function codeOf(decode: () => unknown): string {
  try {
    decode();
  } catch (cause) {
    return cause instanceof CutoverError ? cause.code : String(cause);
  }
  return 'none';
}

describe('messages between control and its followers', () => {
  for (const message of [
    { kind: 'follow', name: 'worker-1', edition: 7 },
    { kind: 'acknowledge', edition: 7 },
    { kind: 'beat' },
  ] as const) {
    it(`carry ${message.kind} to control`, () => {
      expect(decodeFromFollower(encodeMessage(message))).to.deep.equal(message);
    });
  }

  for (const message of [
    { kind: 'stranger' },
    { kind: 'beat' },
    { kind: 'table', table },
  ] as const) {
    it(`carry ${message.kind} to a follower`, () => {
      expect(decodeFromControl(encodeMessage(message))).to.deep.equal(message);
    });
  }

  const malformed: readonly (readonly [what: string, fields: readonly unknown[]])[] = [
    ['nothing', []],
    ['an unknown kind', ['hello']],
    ['a kind of the other direction', ['stranger']],
    ['an edition below zero', ['acknowledge', -1]],
    ['an edition that is no whole number', ['acknowledge', 1.5]],
    ['a name with control characters', ['follow', 'a\nb', 1]],
    ['a name that is too long', ['follow', 'a'.repeat(129), 1]],
    ['one field too many', ['beat', 1]],
    ['two fields too many', ['follow', 'a', 1, 2]],
  ];
  for (const [what, fields] of malformed) {
    it(`are refused by control with ${what}`, () => {
      expect(codeOf(() => decodeFromFollower(packed(...fields)))).to.equal('ERR_WIRE_MALFORMED');
    });
  }

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
      expect(codeOf(() => decodeFromControl(packed('table', value)))).to.equal(
        'ERR_WIRE_MALFORMED',
      );
    });
  }

  it('name both versions when the peer speaks another', () => {
    const other = packer.pack([99, 'beat']);
    expect(() => decodeFromControl(other))
      .to.throw('version 99')
      .with.property('code', 'ERR_WIRE_VERSION');
    expect(() => decodeFromFollower(other)).to.throw(`we speak ${TABLE_WIRE_VERSION}`);
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
