import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { nodeFiles } from '../../../src/registry/files.js';
import { beginningIn, lock, systemProcesses, type Processes } from '../../../src/registry/lock.js';
import { RegistryError } from '../../../src/registry/registry.js';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registry-'));
  file = join(folder, 'registry.json');
});
afterEach(() => rm(folder, { recursive: true }));

/** A machine on which these processes live, seen by one of them. */
const machine = (pid: number, living: Readonly<Record<number, string>>): Processes => ({
  pid,
  beginningOf: asked => Promise.resolve(living[asked]),
});

const two = { 10: '1000-boot', 11: '1100-boot' };
const lockAs = (pid: number, living: Readonly<Record<number, string>>) =>
  lock(file, nodeFiles, machine(pid, living));

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'it was taken',
    (cause: unknown) => (cause instanceof RegistryError ? [cause.kind, cause.because] : cause),
  );
const heldBy = (name: string) => [
  'locked',
  `${file} is in use by process ${name.split('-')[0] ?? ''}, as ${file}.lock-${name} says`,
];

describe('the lock of a registry file', () => {
  it('is taken by one process at a time, and says by which', async () => {
    const unlock = await lockAs(10, two);
    expect(await refusal(lockAs(11, two))).to.deep.equal(heldBy('10-1000-boot'));
    await unlock();
    await lockAs(11, two);
    expect(await readdir(folder)).to.deep.equal(['registry.json.lock-11-1100-boot']);
  });

  it('is taken once by one process', async () => {
    await lockAs(10, two);
    expect(await refusal(lockAs(10, two))).to.deep.equal(heldBy('10-1000-boot'));
  });

  it('of a process that has ended is nobody’s', async () => {
    await lockAs(10, two);
    await lockAs(11, { 11: '1100-boot' });
    expect(await readdir(folder)).to.deep.equal(['registry.json.lock-11-1100-boot']);
  });

  it('of a process whose id another one has now is nobody’s', async () => {
    await lockAs(10, two);
    await lockAs(11, { ...two, 10: '9999-boot' });
    expect(await readdir(folder)).to.deep.equal(['registry.json.lock-11-1100-boot']);
  });

  it('of another registry in the folder does not matter', async () => {
    const names = ['other.json.lock-10-1000-boot', 'registry.json.lock-', 'registry.json.lock-x-y'];
    for (const each of names) await writeFile(join(folder, each), '');
    await lockAs(11, two);
    expect(await readdir(folder)).to.have.members([...names, 'registry.json.lock-11-1100-boot']);
  });

  it('keeps nobody out where processes cannot be seen', async () => {
    const unlock = await lockAs(10, {});
    await lockAs(11, {});
    await unlock();
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('is never taken by two that come at once', async () => {
    for (let round = 0; round < 20; round++) {
      const both = await Promise.allSettled([lockAs(10, two), lockAs(11, two)]);
      const taken = both.filter(({ status }) => status === 'fulfilled');
      expect(taken.length).to.be.at.most(1);
      for (const name of await readdir(folder)) await rm(join(folder, name));
    }
  });

  it('of a real process that was killed is nobody’s', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const beginning = await systemProcesses.beginningOf(child.pid!);
    const path = `${file}.lock-${child.pid}-${beginning ?? 'nothing'}`;
    await writeFile(path, '');
    const outcome = await refusal(lock(file, nodeFiles, systemProcesses));
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(outcome).to.deep.equal(heldBy(basename(path).replace('registry.json.lock-', '')));
    const unlock = await lock(file, nodeFiles, systemProcesses);
    await unlock();
    expect(await readdir(folder)).to.deep.equal([]);
  });
});

describe('beginningIn', () => {
  const stat = (name: string, state: string) =>
    `10 (${name}) ${state} 1 10 10 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1932597 5124096 976`;
  const rows: readonly (readonly [what: string, stat: string, beginning: string | undefined])[] = [
    ['a running process', stat('node', 'R'), '1932597-boot'],
    ['a name with spaces and brackets', stat('a) R (b', 'S'), '1932597-boot'],
    ['a zombie', stat('node', 'Z'), undefined],
    ['a dead process', stat('node', 'X'), undefined],
    ['something else', '', undefined],
  ];
  for (const [what, given, beginning] of rows) {
    it(`reads ${what}`, () => {
      expect(beginningIn(given, 'boot')).to.equal(beginning);
    });
  }
});
