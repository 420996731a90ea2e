import { expect } from 'chai';
import { decoded, encoded } from '../../../src/registry/file-format.js';
import { first, second } from '../../contract/registry/states.js';
import { createHash } from 'node:crypto';

const text = encoded(second).toString();

/** A file whose checksum is right, whatever it is over. */
const withState = (state: unknown) => {
  const sha256 = createHash('sha256').update(JSON.stringify(state)).digest('hex');
  return JSON.stringify({ format: 1, sha256, state });
};

const withTable = (more: object) => withState({ ...second, table: { ...second.table, ...more } });
const [newer, older] = second.table.versions;
const withVersion = (more: object) => withTable({ versions: [{ ...newer, ...more }, older] });

describe('the format of a registry file', () => {
  it('is read as it was written', () => {
    expect(decoded(encoded(second))).to.deep.equal({ ok: true, stored: second });
  });

  it('may have other white space', () => {
    const compact = Buffer.from(JSON.stringify(JSON.parse(text)));
    expect(decoded(compact)).to.deep.equal({ ok: true, stored: second });
  });

  it('is damaged wherever it is cut off', () => {
    const bytes = encoded(first);
    for (let length = 0; length < bytes.length - 1; length++) {
      const found = decoded(bytes.subarray(0, length));
      if (found.ok) throw new Error(`${length} bytes were enough`);
      expect(found.damage.what, `${length}`).to.match(/^(empty|cut off: the rest is missing)$/);
    }
  });

  it('is damaged, or means the same, whichever bit of it is changed', () => {
    const bytes = encoded(first);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const found = decoded(changed);
      if (found.ok) expect(found.stored, `${bit}`).to.deep.equal(first);
    }
  });

  const damaged: readonly (readonly [what: string, text: string, where: string, says: string])[] = [
    ['white space', ' \n ', 'line 1', 'empty'],
    ['no JSON', '{\n  "format": one }', 'line 2, column 13', 'no JSON from here'],
    ['a list', '[]', 'line 1', 'no registry: an object is expected'],
    ['another object', '{}', 'format', 'missing, only 1 is known'],
    ['a later format', '{"format":2}', 'format', '2, only 1 is known'],
    [
      'a changed value',
      text.replace('9101', '9102'),
      'sha256',
      'the checksum is not that of the state',
    ],
    ['no state', '{"format":1,"sha256":""}', 'sha256', 'the checksum is not that of the state'],
    ['brackets without end', '['.repeat(1_000_000), 'line 1', 'nested too deeply'],
    ['no versions', withTable({ versions: [] }), 'state.table.versions', 'at least one'],
    ['an id twice', withVersion({ id: older?.id }), 'state.table.versions', 'each id once'],
    [
      'the oldest version first',
      withTable({ versions: [older, newer] }),
      'state.table.versions',
      'the newest version first',
    ],
    [
      'no version that may serve',
      withTable({ versions: [{ ...newer, state: { name: 'aborted' } }] }),
      'state.table.versions',
      'one version that may serve',
    ],
  ];
  for (const [what, given, where, says] of damaged) {
    it(`is damaged with ${what}`, () => {
      expect(decoded(Buffer.from(given))).to.deep.equal({
        ok: false,
        damage: { where, what: says },
      });
    });
  }

  const violations: readonly (readonly [what: string, text: string, where: string])[] = [
    ['edition 0', withTable({ edition: 0 }), 'state.table.edition'],
    ['an unknown field', withTable({ more: 1 }), 'state.table'],
    ['an empty id', withVersion({ id: '' }), 'state.table.versions.0.id'],
    ['a number without digits', withVersion({ number: '1.x' }), 'state.table.versions.0.number'],
    ['no servers', withVersion({ servers: [] }), 'state.table.versions.0.servers'],
    ['no strategy', withVersion({ transition: undefined }), 'state.table.versions.0.transition'],
    [
      'a share above 1',
      withVersion({ state: { name: 'running', progress: 1.1 } }),
      'state.table.versions.0.state.progress',
    ],
    [
      'an unknown state',
      withVersion({ state: { name: 'gone' } }),
      'state.table.versions.0.state.name',
    ],
    ['a key twice', withState({ ...second, keys: [second.keys[0], second.keys[0]] }), 'state.keys'],
    [
      'a secret that is not base64',
      withState({ ...second, keys: [{ id: 'k', secret: '?' }] }),
      'state.keys.0.secret',
    ],
    ['no word of the configuration', withState({ ...second, configured: 1 }), 'state.configured'],
  ];
  for (const [what, given, where] of violations) {
    it(`says where it is damaged: ${what}`, () => {
      const found = decoded(Buffer.from(given));
      expect(found.ok ? undefined : found.damage.where).to.equal(where);
    });
  }
});
