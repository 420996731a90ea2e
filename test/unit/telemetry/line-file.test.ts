import { spawnSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  constants,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { LineFile } from '../../../src/telemetry/line-file.js';
import { stageForEach } from '../../support/stage.js';
import { eventually } from '../../support/within.js';

/** What a FIFO says to a reader that must not wait. */
const nothing = { bytesRead: 0, buffer: Buffer.alloc(0) };

describe('LineFile', () => {
  const stage = stageForEach();
  const faults: string[] = [];
  const host = { failed: (because: string) => void faults.push(because) };

  async function opened(most?: number) {
    const path = join(await stage.folder(), 'log');
    const file = await LineFile.open({ path, ...(most !== undefined && { most }) }, host);
    stage.atEnd(() => file.close().catch(() => undefined));
    return { path, file };
  }

  beforeEach(() => faults.splice(0));

  const text = (path: string) => readFile(path, 'latin1');

  it('writes lines in order, behind what is there', async () => {
    const { path, file } = await opened();
    await appendFile(path, 'before\n');
    for (let at = 0; at < 10_000; at++) file.write(`${at}\n`);
    await file.close();
    expect(await text(path)).to.equal(
      `before\n${Array.from({ length: 10_000 }, (_, at) => `${at}\n`).join('')}`,
    );
    expect(file.dropped).to.equal(0);
  });

  it('is for its owner and group alone', async () => {
    const { path } = await opened();
    expect((await stat(path)).mode & 0o007).to.equal(0);
  });

  it('shares a file with others, line by line', async () => {
    const { path, file } = await opened();
    const other = await LineFile.open({ path }, host);
    for (let at = 0; at < 2000; at++) {
      file.write(`${'a'.repeat(200)}\n`);
      other.write(`${'b'.repeat(300)}\n`);
      if (at % 100 === 0) await setImmediate();
    }
    await Promise.all([file.close(), other.close()]);
    const lines = (await text(path)).split('\n').slice(0, -1);
    expect(lines).to.have.length(4000);
    for (const each of lines) expect(each).to.match(/^(a{200}|b{300})$/);
  });

  it('drops what it has no room for, and counts it', async () => {
    const { path, file } = await opened(100);
    const line = `${'x'.repeat(29)}\n`;
    for (let at = 0; at < 10; at++) file.write(line); // in one turn: nothing can be written yet
    expect(file.dropped).to.equal(7);
    await eventually('the others are written', async () => (await text(path)).length === 90);
    file.write(line);
    await file.close();
    expect(await text(path)).to.have.length(120);
    expect(file.dropped).to.equal(7);
  });

  it('opens a new file when its own was moved away, and when it was removed', async () => {
    const { path, file } = await opened();
    file.write('one\n');
    await eventually('it is written', async () => (await text(path)) === 'one\n');
    await rename(path, `${path}.1`);
    await file.look();
    file.write('two\n');
    await eventually('there is a new one', async () => (await text(path)) === 'two\n');
    expect(await text(`${path}.1`)).to.equal('one\n');
    await rm(path);
    await file.look();
    file.write('three\n');
    await file.close();
    expect(await text(path)).to.equal('three\n');
  });

  it('keeps its file while nobody has moved it', async () => {
    const { path, file } = await opened();
    const before = await stat(path);
    await file.look();
    file.write('one\n');
    await file.close();
    expect((await stat(path)).ino).to.equal(before.ino);
  });

  it('says once that a new file cannot be opened, and goes on with the one that it has', async () => {
    const { path, file } = await opened();
    await rename(path, `${path}.1`);
    await mkdir(path);
    await file.look();
    await file.look();
    file.write('one\n');
    await file.close();
    expect(await text(`${path}.1`)).to.equal('one\n');
    expect(faults).to.have.length(1);
    expect(faults[0]).to.include('EISDIR');
  });

  it('drops what the disk refuses, says so once, and tries again', async () => {
    const file = await LineFile.open({ path: '/dev/full' }, host);
    file.write('one\n');
    await eventually('it is refused', () => file.dropped === 1);
    file.write('two\n');
    await eventually('it is refused', () => file.dropped === 2);
    await file.close();
    expect(faults).to.have.length(1);
    expect(faults[0]).to.include('ENOSPC');
  });

  it('does not wait for a FIFO that nobody reads', async () => {
    const path = join(await stage.folder(), 'fifo');
    expect(spawnSync('mkfifo', [path]).status).to.equal(0);
    await chmod(path, 0o600);
    const cause = await LineFile.open({ path }, host).catch((error: unknown) => error);
    expect(String(cause)).to.include('ENXIO');
  });

  it('tears no line apart, and loses none, for a reader that is slow', async () => {
    const path = join(await stage.folder(), 'fifo');
    expect(spawnSync('mkfifo', [path]).status).to.equal(0);
    const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    stage.atEnd(() => reader.close());
    const file = await LineFile.open({ path }, host);
    const lines = Array.from({ length: 4000 }, (_, at) => `${at} ${'x'.repeat(at % 150)}\n`);
    for (const each of lines) file.write(each);
    const whole = lines.join('');
    let read = '';
    await eventually('all is read', async () => {
      const { bytesRead, buffer } = await reader.read(Buffer.alloc(5000)).catch(() => nothing);
      read += buffer.toString('latin1', 0, bytesRead);
      if (bytesRead === 0) await file.look();
      return read.length >= whole.length;
    });
    expect(read === whole).to.equal(true);
    await file.close();
    expect(file.dropped).to.equal(0);
  });

  it('ends although its reader reads no more, and counts what was not taken', async () => {
    const path = join(await stage.folder(), 'fifo');
    expect(spawnSync('mkfifo', [path]).status).to.equal(0);
    const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    stage.atEnd(() => reader.close());
    const file = await LineFile.open({ path }, host);
    for (let at = 0; at < 4000; at++) file.write(`${'x'.repeat(99)}\n`); // a pipe holds 64 KiB
    await file.close();
    expect(file.dropped).to.be.within(1, 3999);
    expect(faults).to.deep.equal([]);
  });

  it('takes nothing any more once it is closed', async () => {
    const { path, file } = await opened();
    await file.close();
    file.write('late\n');
    expect(file.dropped).to.equal(1);
    expect(await text(path)).to.equal('');
  });
});
