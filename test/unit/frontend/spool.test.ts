import { expect } from 'chai';
import { watch } from 'node:fs';
import { readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bodyInMemory, noBody, type Body } from '../../../src/frontend/body.js';
import { openUnnamed } from '../../../src/frontend/nameless-file.js';
import { checkSpool, Spool, type BodyCollector } from '../../../src/frontend/spool.js';
import { codeOf } from '../../../src/kernel/errors.js';
import { StartError } from '../../../src/kernel/start-error.js';
import { stageForEach } from '../../support/stage.js';
import { eventually } from '../../support/within.js';
import { settled } from './stand.js';

/** What this process has open in that folder. */
async function openIn(folder: string): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter(each => each.startsWith(folder));
}

function collected(collector: BodyCollector, ...pieces: string[]): Body | Promise<Body> {
  for (const piece of pieces) collector.add(Buffer.from(piece));
  return collector.end();
}

const rejection = (promise: Body | Promise<Body>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => expect.fail('it was kept'),
    (cause: unknown) => cause,
  );

describe('Body in memory', () => {
  it('is there at once, and can be read from any offset', async () => {
    const body = bodyInMemory(Buffer.from('abcdef'));
    expect(body.size).to.equal(6);
    expect(body.whole?.toString()).to.equal('abcdef');
    expect((await body.read(2, 3)).toString()).to.equal('cde');
    expect((await body.read(4, 100)).toString()).to.equal('ef');
    expect(await body.read(6, 100)).to.have.length(0);
    body.discard();
    expect(noBody.size).to.equal(0);
  });
});

describe('Spool', () => {
  const stage = stageForEach();
  const MEMORY = 10;
  const DISK = 100_000_000;

  it('keeps small bodies in memory', async () => {
    const folder = await stage.folder();
    const spool = new Spool({ memory: MEMORY, disk: DISK, folder });
    expect(collected(spool.collector())).to.equal(noBody);
    const bodies = [collected(spool.collector(), 'one piece')].concat(
      collected(spool.collector(), 'two', ' pieces'),
    );
    expect(bodies.map(each => !(each instanceof Promise) && each.whole?.toString())).to.deep.equal([
      'one piece',
      'two pieces',
    ]);
    expect(await openIn(folder)).to.deep.equal([]);
  });

  it('writes larger ones to a file without a name, which is gone when it is discarded', async () => {
    const folder = await stage.folder();
    const collector = new Spool({ memory: MEMORY, disk: DISK, folder }).collector();
    const body = await collected(collector, '0123456789', 'abc', 'def');
    expect(collector.size).to.equal(16);
    expect(await readdir(folder)).to.deep.equal([]);
    expect(await openIn(folder)).to.have.length(1);
    expect([body.size, body.whole]).to.deep.equal([16, undefined]);
    expect((await body.read(0, 100)).toString()).to.equal('0123456789abcdef');
    expect((await body.read(8, 4)).toString()).to.equal('89ab');
    expect(await body.read(16, 4)).to.have.length(0);
    body.discard();
    body.discard();
    await eventually('the file is closed', async () => (await openIn(folder)).length === 0);
  });

  // Whoever is killed between giving a file a name and taking it away leaves the file behind.
  it('never gives the file a name, not for a moment', async function () {
    const folder = await stage.folder();
    const probe = await openUnnamed(folder);
    if (probe === undefined) return this.skip();
    await probe.close();
    const names = new Set<string>();
    const watcher = watch(folder, (_, name) => void names.add(String(name)));
    stage.atEnd(() => watcher.close());
    const spool = new Spool({ memory: MEMORY, disk: DISK, folder });
    const body = await collected(spool.collector(), 'more than ten bytes');
    await checkSpool(folder);
    await writeFile(join(folder, 'the last'), '');
    await eventually('the watcher is told', () => names.has('the last'));
    // The kernel tells of the file itself as "#" and its number, which is no name in the folder.
    const given = [...names].filter(name => !name.startsWith('#'));
    expect(given).to.deep.equal(['the last']);
    body.discard();
    await eventually('the file is closed', () => spool.files === 0);
  });

  it('has files in reserve for a time in which nothing can be opened', async () => {
    const folder = await stage.folder();
    const spool = new Spool({ memory: MEMORY, disk: DISK, folder });
    await spool.reserve(2);
    await rm(folder, { recursive: true });
    const body = await collected(spool.collector(), 'more than ten bytes');
    expect((await body.read(0, 100)).toString()).to.equal('more than ten bytes');
    body.discard();
    await eventually('the file is closed', () => spool.files === 0);
    await spool.releaseSpare();
    expect(codeOf(await rejection(collected(spool.collector(), 'more than ten bytes')))).to.equal(
      'ERR_SPOOL',
    );
  });

  it('keeps every byte of a large body in order', async () => {
    const folder = await stage.folder();
    const collector = new Spool({ memory: 1000, disk: DISK, folder }).collector();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251));
    for (let at = 0; at < bytes.length; at += 8192) {
      collector.add(bytes.subarray(at, at + 8192));
      if (at % 5 === 0) await settled();
    }
    const body = await collector.end();
    expect(body.size).to.equal(bytes.length);
    expect((await body.read(0, 400_000)).equals(bytes)).to.equal(true);
    body.discard();
  });

  it('has the file open while the body still arrives, and closes it when that is given up', async () => {
    const folder = await stage.folder();
    const collector = new Spool({ memory: MEMORY, disk: DISK, folder }).collector();
    collector.add(Buffer.from('more than ten bytes'));
    await eventually('it is written', async () => (await openIn(folder)).length === 1);
    collector.discard();
    collector.add(Buffer.from('late'));
    collector.discard();
    await eventually('the file is closed', async () => (await openIn(folder)).length === 0);
  });

  it('can be given up before the file is open', async () => {
    const folder = await stage.folder();
    const collector = new Spool({ memory: MEMORY, disk: DISK, folder }).collector();
    collector.add(Buffer.from('more than ten bytes'));
    collector.discard();
    await settled();
    await eventually('the file is closed', async () => (await openIn(folder)).length === 0);
    expect(await readdir(folder)).to.deep.equal([]);
    const small = new Spool({ memory: MEMORY, disk: DISK, folder }).collector();
    small.add(Buffer.from('small'));
    small.discard();
  });

  it('says ERR_SPOOL with the folder when the disk does not take it', async () => {
    const folder = join(await stage.folder(), 'missing');
    const spool = new Spool({ memory: MEMORY, disk: DISK, folder });
    const early = rejection(collected(spool.collector(), 'more than ten bytes'));
    const collector = spool.collector();
    collector.add(Buffer.from('more than ten bytes'));
    await settled();
    await eventually('nothing waits for the disk', () => spool.pressure === undefined);
    collector.add(Buffer.from('and more'));
    for (const cause of [await early, await rejection(collector.end())]) {
      expect(codeOf(cause)).to.equal('ERR_SPOOL');
      expect(String(cause)).to.include(folder).and.include('ENOENT');
    }
  });

  it('says at the start that no file can be made in its folder, and leaves none behind', async () => {
    const folder = await stage.folder();
    await checkSpool(folder);
    expect(await readdir(folder)).to.deep.equal([]);
    const cause: unknown = await checkSpool(join(folder, 'missing')).catch((each: unknown) => each);
    expect(cause).to.be.instanceOf(StartError);
    expect(String(cause)).to.include('limits.spool').and.include(join(folder, 'missing'));
  });

  describe('limits.spooled', () => {
    it('bounds what all bodies have on disk together', async () => {
      const folder = await stage.folder();
      const spool = new Spool({ memory: MEMORY, disk: 30, folder });
      const first = await collected(spool.collector(), '20 bytes on the disk');
      const second = spool.collector();
      second.add(Buffer.from('20 bytes on the disk'));
      second.add(Buffer.from('and more'));
      const cause = await rejection(second.end());
      expect(codeOf(cause)).to.equal('ERR_SPOOL');
      expect(String(cause)).to.include('limits.spooled');
      first.discard();
      await eventually('there is room again', () => spool.files === 0);
      const third = await collected(spool.collector(), '30 bytes, as many as may be on', '');
      expect(third.size).to.equal(30);
      third.discard();
      await eventually('all is closed', () => spool.files === 0);
    });

    it('is given back by a body that was given up', async () => {
      const spool = new Spool({ memory: MEMORY, disk: 30, folder: await stage.folder() });
      const collector = spool.collector();
      collector.add(Buffer.from('20 bytes on the disk'));
      expect(spool.files).to.equal(1);
      collector.discard();
      await eventually('all is closed', () => spool.files === 0);
      expect(spool.takes(30)).to.equal(true);
      expect(spool.takes(1)).to.equal(false);
    });
  });

  describe('pressure', () => {
    const MOST = 32 * 1024 * 1024;
    let spool: Spool;
    beforeEach(() => (spool = new Spool({ memory: MEMORY, disk: DISK, folder: '/nowhere' })));

    /** Whether these have been told to go on. */
    async function toldOf(waiting: readonly (Promise<void> | undefined)[]): Promise<boolean[]> {
      const told = waiting.map(() => false);
      waiting.forEach((each, at) => void each?.then(() => (told[at] = true)));
      await settled();
      return told;
    }

    it('begins when the disk is far behind, and ends when half of that is written', async () => {
      spool.waits(MOST);
      expect(spool.pressure).to.equal(undefined);
      spool.waits(1);
      const { pressure } = spool;
      expect(await toldOf([pressure])).to.deep.equal([false]);
      spool.waits(-MOST / 2);
      expect(await toldOf([pressure])).to.deep.equal([false]);
      spool.waits(-1);
      expect(await toldOf([pressure])).to.deep.equal([true]);
      expect(spool.pressure).to.equal(undefined);
    });

    // Two listening addresses (proxy and proxy.trusted) read on their own, and wait on their own.
    it('ends for everybody who waits', async () => {
      spool.waits(MOST + 1);
      const waiting = [spool.pressure, spool.pressure];
      spool.waits(-MOST - 1);
      expect(await toldOf(waiting)).to.deep.equal([true, true]);
    });

    it('ends also when the disk takes nothing at all', async () => {
      const collector = spool.collector();
      collector.add(Buffer.alloc(MOST + 1));
      const { pressure } = spool;
      expect(pressure).not.to.equal(undefined);
      await pressure;
      expect(codeOf(await rejection(collector.end()))).to.equal('ERR_SPOOL');
    });
  });
});
