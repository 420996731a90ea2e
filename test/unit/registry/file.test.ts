import { expect } from 'chai';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encoded, LARGEST_FILE } from '../../../src/registry/file-format.js';
import { openFileRegistry } from '../../../src/registry/file.js';
import { RegistryError, type Loaded, type Stored } from '../../../src/registry/registry.js';
import { first, second, third } from '../../contract/registry/states.js';
import { FaultyFiles, type Fault } from './faulty-files.js';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'));
  file = join(folder, 'registry.json');
});
afterEach(() => rm(folder, { recursive: true }));

/** What a new process would find. */
async function loaded(): Promise<Loaded> {
  const registry = await openFileRegistry(file);
  try {
    return await registry.load();
  } finally {
    await registry.close();
  }
}

async function saved(...states: readonly Stored[]): Promise<void> {
  const registry = await openFileRegistry(file);
  await registry.load();
  for (const each of states) await registry.save(each);
  await registry.close();
}

/** A registry that holds `states` already, on a file system whose faults begin to count now. */
async function faulty(states: readonly Stored[], fault: Fault | undefined) {
  await saved(...states);
  const files = new FaultyFiles();
  // Who it is that crashes: a process that nobody finds any more.
  const processes = { pid: 4_999_999, beginningOf: () => Promise.resolve(undefined) };
  const registry = await openFileRegistry(file, { files, processes });
  await registry.load();
  files.arm(fault);
  return { files, registry };
}

async function errorOf(promise: Promise<unknown>): Promise<RegistryError> {
  const cause = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (cause instanceof RegistryError) return cause;
  throw new Error('a RegistryError was expected', { cause });
}

const beforeTheSave: readonly (readonly [name: string, states: readonly Stored[]])[] = [
  ['into an empty place', []],
  ['over the first state', [first]],
  ['over a state that has one before it', [first, second]],
];

/** Every step of a save, as it is without faults. */
async function stepsOf(states: readonly Stored[]): Promise<readonly string[]> {
  const { files, registry } = await faulty(states, undefined);
  await registry.save(third);
  await rm(folder, { recursive: true });
  await mkdir(folder);
  return [...files.steps];
}

const foundOrEmpty = (state: Stored | undefined) =>
  state === undefined ? { kind: 'empty' } : { kind: 'found', stored: state };

describe('the steps of a save', () => {
  it('sync the new file before it takes the place of the old one, and the folder after', async () => {
    expect(await stepsOf([])).to.deep.equal([
      ...['read', 'remove', 'create', 'write', 'sync', 'close', 'rename'],
      'syncFolder',
    ]);
  });

  it('keep the state before in the same way first', async () => {
    const replacing = ['remove', 'create', 'write', 'sync', 'close', 'rename'];
    expect(await stepsOf([first])).to.deep.equal([
      'read',
      ...replacing,
      ...replacing,
      'syncFolder',
    ]);
  });
});

for (const [name, states] of beforeTheSave) {
  describe(`a save ${name}`, () => {
    for (const when of ['before', 'halfway', 'after'] as const) {
      it(`leaves the old or the new state, whole, if it is killed ${when} any step`, async () => {
        const steps = await stepsOf(states);
        const outcomes = new Set<string>();
        for (const at of steps.keys()) {
          const { registry } = await faulty(states, { kind: 'crash', when, at });
          await errorOf(registry.save(third));
          const found = await loaded();
          const isNew = found.kind === 'found' && found.stored.table.edition === 4;
          expect(found, `step ${at}`).to.deep.equal(foundOrEmpty(isNew ? third : states.at(-1)));
          outcomes.add(isNew ? 'new' : 'old');
          await saved(second); // whatever was left behind is in nobody's way
          expect(await readdir(folder)).to.have.members(
            ['registry.json', 'registry.json.previous'].slice(
              0,
              isNew || states.length > 0 ? 2 : 1,
            ),
          );
          await rm(folder, { recursive: true });
          await mkdir(folder);
        }
        expect([...outcomes].sort()).to.deep.equal(['new', 'old']);
      });
    }

    for (const code of ['ENOSPC', 'EIO']) {
      it(`says ${code} of any step, leaves nothing half-written, and succeeds the next time`, async () => {
        const steps = await stepsOf(states);
        for (const [at, step] of steps.entries()) {
          const { files, registry } = await faulty(states, { kind: 'error', code, at });
          expect(await errorOf(registry.save(third)), step).to.include({ kind: 'unavailable' });
          const names = await readdir(folder);
          expect(
            names.filter(each => each.endsWith('.new')),
            step,
          ).to.deep.equal([]);
          const kept = step === 'syncFolder' ? third : states.at(-1);
          expect(await loaded(), `${at} ${step}`).to.deep.equal(foundOrEmpty(kept));
          files.arm(undefined);
          await registry.save(third);
          expect(await loaded()).to.deep.equal(foundOrEmpty(third));
          await rm(folder, { recursive: true });
          await mkdir(folder);
        }
      });
    }

    it('is there in every case once it has resolved', async () => {
      const steps = await stepsOf(states);
      const { registry } = await faulty(states, {
        kind: 'crash',
        when: 'before',
        at: steps.length,
      });
      await registry.save(third);
      await errorOf(registry.save(first));
      expect(await loaded()).to.deep.equal(foundOrEmpty(third));
    });
  });
}

describe('a disk that cannot be used', () => {
  const sentences: readonly (readonly [code: string, because: string])[] = [
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'the disk quota is used up'],
    ['EACCES', 'no permission for it, or for its folder'],
    ['EROFS', 'the file system is read-only'],
    ['EXDEV', 'EXDEV: create'],
  ];
  for (const [code, because] of sentences) {
    it(`is told in a sentence: ${code}`, async () => {
      const { registry } = await faulty([], { kind: 'error', code, at: 2 });
      const error = await errorOf(registry.save(first));
      expect(error.because).to.equal(`${file} cannot be used: ${because}`);
    });
  }

  it('keeps a registry from being opened in a folder that is not there', async () => {
    file = join(folder, 'missing', 'registry.json');
    const error = await errorOf(openFileRegistry(file));
    expect(error).to.include({
      kind: 'unavailable',
      because: `${file} cannot be used: there is no such folder`,
    });
  });

  it('makes a save fail if the folder vanishes', async () => {
    const { registry } = await faulty([], undefined);
    await rm(folder, { recursive: true });
    const error = await errorOf(registry.save(first));
    await mkdir(folder);
    expect(error.because).to.equal(`${file} cannot be used: there is no such folder`);
  });

  it('is no reason to take an unreadable file for an empty one', async () => {
    await mkdir(file);
    const error = await errorOf(loaded());
    expect(error.because).to.equal(`${file} cannot be used: a folder is there instead`);
  });
});

describe('a registry file', () => {
  it('is for its owner alone, as are those beside it', async () => {
    await saved(first, second);
    for (const each of await readdir(folder)) {
      expect((await stat(join(folder, each))).mode & 0o777, each).to.equal(0o600);
    }
  });

  it('has the state before beside it', async () => {
    await saved(first, second, third);
    expect(await readFile(`${file}.previous`)).to.deep.equal(encoded(second));
  });

  it('of more than 16 MiB is refused, and not overwritten', async () => {
    await writeFile(file, '');
    await truncate(file, LARGEST_FILE + 1);
    const registry = await openFileRegistry(file);
    const because = `${file} is no registry: it has more than ${LARGEST_FILE} bytes`;
    expect(await errorOf(registry.load())).to.include({ kind: 'refused', because });
    expect(await errorOf(registry.save(first))).to.include({ kind: 'refused' });
    await registry.close();
    expect((await stat(file)).size).to.equal(LARGEST_FILE + 1);
  });

  it('does not grow beyond 16 MiB', async () => {
    const large = { ...first, configured: 'x'.repeat(LARGEST_FILE) };
    const error = await errorOf(saved(large));
    expect(error.kind).to.equal('refused');
    expect(await readdir(folder)).to.not.include('registry.json');
  });
});

describe('a damaged registry file', () => {
  const damage = { file: '', where: 'line 1', what: 'empty' };
  const recovered = (stored: Stored | undefined, copy: string | undefined) => ({
    kind: 'recovered',
    stored,
    damage: { ...damage, file },
    copy,
    previousDamage: undefined,
  });

  it('gives the state before, and is kept aside', async () => {
    await saved(first, second);
    await writeFile(file, '');
    expect(await loaded()).to.deep.equal(recovered(first, `${file}.damaged-1`));
    expect(await readFile(`${file}.damaged-1`, 'utf8')).to.equal('');
  });

  it('gives no state where there is none before', async () => {
    await saved(first);
    await writeFile(file, '');
    expect(await loaded()).to.deep.equal(recovered(undefined, `${file}.damaged-1`));
  });

  it('gives no state if that before is damaged as well, and says both', async () => {
    await saved(first, second);
    await writeFile(file, '');
    await writeFile(`${file}.previous`, '[]');
    expect(await loaded()).to.deep.equal({
      ...recovered(undefined, `${file}.damaged-1`),
      previousDamage: {
        file: `${file}.previous`,
        where: 'line 1',
        what: 'no registry: an object is expected',
      },
    });
  });

  it('that is missing gives the state before', async () => {
    await saved(first, second);
    await rm(file);
    expect(await loaded()).to.deep.equal({
      ...recovered(first, undefined),
      damage: { file, where: 'the whole file', what: 'missing' },
    });
  });

  it('is copied once, however often it is loaded', async () => {
    await writeFile(file, '{');
    await loaded();
    await loaded();
    expect((await readdir(folder)).toSorted()).to.deep.equal([
      'registry.json',
      'registry.json.damaged-1',
    ]);
  });

  it('has five copies at most, the newest ones', async () => {
    for (let nth = 1; nth <= 12; nth++) {
      await writeFile(file, `{ ${nth}`);
      await loaded();
    }
    const names = await readdir(folder);
    const copies = [8, 9, 10, 11, 12].map(nth => `registry.json.damaged-${nth}`);
    expect(names).to.have.members(['registry.json', ...copies]);
    expect(await readFile(`${file}.damaged-12`, 'utf8')).to.equal('{ 12');
  });

  it('never takes the place of the last good state, not even if the next save is killed', async () => {
    await saved(first, second);
    await writeFile(file, '');
    for (let at = 0; at < 8; at++) {
      const { registry } = await faulty([], { kind: 'crash', when: 'after', at });
      await errorOf(registry.save(third));
      const found = await loaded();
      const isNew = found.kind === 'found';
      expect(found.kind === 'empty' ? undefined : found.stored).to.deep.equal(
        isNew ? third : first,
      );
      if (isNew) await writeFile(file, '');
    }
  });

  it('makes room for the next save', async () => {
    await writeFile(file, 'damaged');
    await saved(first);
    expect(await loaded()).to.deep.equal({ kind: 'found', stored: first });
  });

  it('is recovered without a copy if the disk is full', async () => {
    await saved(first, second);
    await writeFile(file, '');
    const files = new FaultyFiles();
    const registry = await openFileRegistry(file, { files });
    files.arm({ kind: 'error', code: 'ENOSPC', at: 6 });
    const found = await registry.load();
    await registry.close();
    expect(files.steps.slice(0, 7).at(-1)).to.equal('write');
    expect(found).to.deep.equal(recovered(first, undefined));
  });
});
