import { expect } from 'chai';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '../../../src/config/config.js';
import { startControl } from '../../../src/control/control.js';
import type { Learned } from '../../../src/control/learned.js';
import { LearnedKeeper } from '../../../src/control/learned-keeper.js';
import { fileOf } from '../../../src/control/learned-place.js';
import { encoded } from '../../../src/control/learned-format.js';
import type { ShownEvent, Why } from '../../../src/control/why.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { lineOf } from '../../../src/log.js';
import { nodeFiles, type Files } from '../../../src/registry/files.js';
import { stageForEach } from '../../support/stage.js';
import { eventually, within } from '../../support/within.js';
import { FaultyFiles } from '../registry/faulty-files.js';
import { failing, many, ok } from '../verdict/seen.js';
import { ControlFollower } from './control-follower.js';
import { reread } from './learned-world.js';
import { ruin, upgrading } from './overseer-world.js';

/** Three that can be told apart. */
function states(): readonly [Learned, Learned, Learned] {
  const world = upgrading();
  const first = world.overseer.learned;
  world.tick();
  const second = world.overseer.learned;
  ruin(world);
  world.tick();
  return [first, second, world.overseer.learned];
}
const [first, second, third] = states();

describe('the file of what was learned', () => {
  const stage = stageForEach();
  let folder: string;
  let file: string;
  let events: CutoverEvent[];

  beforeEach(async () => {
    folder = await stage.folder();
    file = join(folder, 'registry.json.learned');
    events = [];
  });

  const opened = (files: Files = nodeFiles) =>
    new LearnedKeeper(fileOf(file, files), event => events.push(event));
  const found = () => opened().read();
  const isThere = (each: Learned) => async () =>
    (await readFile(file, 'utf8').catch(() => '')) === encoded(each).toString();

  it('is read as it was written, by its user alone', async () => {
    await opened().close(third);
    expect(await found()).to.deep.equal(reread(third));
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await readdir(folder)).to.deep.equal(['registry.json.learned']);
    expect(events).to.deep.equal([]);
  });

  it('may be missing: nothing was learned, and nothing is told', async () => {
    expect(await found()).to.equal(undefined);
    expect(events).to.deep.equal([]);
  });

  it('is ignored with a message where it is damaged, and overwritten later', async () => {
    await opened().close(first);
    await truncate(file, 100);
    expect(await found()).to.equal(undefined);
    const ignored = { type: 'learned-ignored', file, because: 'it is not JSON' };
    expect(events).to.deep.equal([ignored]);
    expect(events.map(lineOf)[0]).to.include({
      level: 'warn',
      message: `${file} is not used, control learns anew: it is not JSON`,
    });
    await opened().close(second);
    expect(await found()).to.deep.equal(reread(second));
  });

  it('is ignored with a message where it cannot be read', async () => {
    await mkdir(file);
    expect(await found()).to.equal(undefined);
    expect(events).to.have.lengthOf(1);
    expect(events[0]).to.deep.include({ type: 'learned-ignored', file });
    expect(events[0]).to.have.property('because').that.includes('EISDIR');
  });

  it('is not read any further than it may be long', async () => {
    let asked = 0;
    const read = (_: string, limit: number) => {
      asked = limit;
      return Promise.resolve(Buffer.alloc(limit, ' '));
    };
    expect(await opened({ ...nodeFiles, read }).read()).to.equal(undefined);
    expect(asked).to.equal(16 * 1024 * 1024 + 1);
    expect(events[0]).to.deep.include({ because: `it has more than ${asked - 1} bytes` });
  });

  it('is never written twice at a time, and what is between two writes is left out', async () => {
    const written: string[] = [];
    let open = 0;
    const create = async (path: string) => {
      expect(++open).to.equal(1);
      const made = await nodeFiles.create(path);
      return {
        ...made,
        write: (bytes: Buffer) => {
          written.push(bytes.toString());
          return made.write(bytes);
        },
        close: async () => {
          await made.close();
          open--;
        },
      };
    };
    const learned = opened({ ...nodeFiles, create });
    for (const each of [first, second, third]) learned.keep(each);
    await learned.close(second);
    expect(written).to.deep.equal([first, second].map(each => encoded(each).toString()));
  });

  it('is written again after a write is over, and not where nothing has changed', async () => {
    const files = new FaultyFiles();
    const learned = opened(files);
    const writes = () => files.steps.filter(step => step === 'write').length;
    learned.keep(first);
    await eventually('the first is there', isThere(first));
    learned.keep(second);
    await eventually('the second is there', isThere(second));
    learned.keep({ ...second });
    await learned.close(second);
    expect(writes()).to.equal(2);
  });

  it('is left alone once it is closed', async () => {
    const learned = opened();
    await learned.close(first);
    learned.keep(second);
    await learned.close(third);
    expect(await found()).to.deep.equal(reread(first));
  });

  /** Each write takes these steps; all but the first can fail alike. */
  for (const [at, step] of ['remove', 'create', 'write', 'sync', 'close', 'rename'].entries()) {
    it(`keeps what was there where ${step} fails, says so, and is written the next time`, async () => {
      await opened().close(first);
      const files = new FaultyFiles();
      const learned = opened(files);
      files.arm({ kind: 'error', code: 'ENOSPC', at });
      learned.keep(second);
      await eventually('it is told', () => events.length > 0);
      expect(events).to.deep.equal([
        {
          type: 'registry-failed',
          because: `${file} (what was learned of versions): ENOSPC: ${step}`,
        },
      ]);
      expect(await found()).to.deep.equal(reread(first));
      await learned.close(second);
      expect(await found()).to.deep.equal(reread(second));
    });
  }

  it('is told of once as long as it fails, and again after a success', async () => {
    let isFull = true;
    let attempts = 0;
    const learned = opened({
      ...nodeFiles,
      rename: (from, to) => {
        attempts++;
        return isFull ? Promise.reject(new Error('full')) : nodeFiles.rename(from, to);
      },
    });
    for (const [before, each] of [first, second, third].entries()) {
      learned.keep(each);
      await eventually('it was tried', () => attempts === before + 1);
    }
    expect(events).to.have.lengthOf(1);
    isFull = false;
    learned.keep(first);
    await eventually('it is there', isThere(first));
    isFull = true;
    await learned.close(second);
    expect(events).to.have.lengthOf(2);
    expect(await found()).to.deep.equal(reread(first));
  });

  describe('of control', function () {
    this.timeout(20_000);
    const BASE = '/configuration/cluster';

    async function started() {
      const parsed = parseConfig({
        proxy: { ip: '127.0.0.1', port: 0 },
        configService: { ip: '127.0.0.1', port: 0 },
        cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }], version: '1.0' },
        registry: { file: join(folder, 'registry.json') },
      });
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      const announcements = `ipc://${folder}/control`;
      const control = await startControl({
        config: parsed.config,
        announcements,
        release: '1.2.3',
        clock: systemClock,
        report: event => events.push(event),
      });
      stage.atEnd(() => within(5000, 'control has stopped', control.stop()));
      const listening = events.findLast(({ type }) => type === 'control-listening');
      if (listening?.type !== 'control-listening') throw new Error('nobody listens');
      return { control, announcements, base: `http://${listening.address}` };
    }

    async function follower(announcements: string): Promise<ControlFollower> {
      const made = new ControlFollower(announcements, 'worker');
      const running = made.link.run();
      stage.atEnd(async () => {
        made.link.close();
        await within(5000, 'the link has ended', running);
      });
      await eventually('it has a table', () => made.link.isLinked);
      return made;
    }

    const get = async <Body>(url: string) => (await (await fetch(url)).json()) as Body;

    async function put(base: string): Promise<string> {
      const servers = [{ ip: '127.0.0.1', port: 9102 }];
      const body = JSON.stringify({ cluster: { servers, version: '2.0' } });
      const answer = await fetch(base + BASE, { method: 'PUT', body });
      return ((await answer.json()) as { id: string }).id;
    }

    const isWritten = async (what: string) =>
      (await readFile(file, 'utf8').catch(() => '')).includes(`"what":"${what}"`);

    it('is written at once when a version comes and when it is demoted, and read at the next start', async () => {
      const before = await started();
      const worker = await follower(before.announcements);
      const id = await put(before.base);
      await eventually('it is written', () => isWritten('added'), 4000); // every five seconds it is anyway
      await eventually('the worker has the upgrade', () => worker.table?.versions.length === 2);
      worker.saw(many(20, failing), many(180, ok));
      await eventually('it is demoted', () => worker.stateOf('2.0')?.name === 'demoted');
      await eventually('it is written', () => isWritten('demoted'), 4000);
      const why = await get<Why>(`${before.base}${BASE}/${id}/why`);
      const happened = await get<ShownEvent[]>(`${before.base}/events`);
      await before.control.stop();

      const { base } = await started();
      expect(await get(`${base}${BASE}/${id}/why`)).to.deep.equal(why);
      expect(await get(`${base}/events`)).to.deep.equal(happened);
      expect(events.filter(({ type }) => type === 'learned-ignored')).to.deep.equal([]);
    });

    it('is written when control stops, with what was seen last', async () => {
      const { control, announcements, base } = await started();
      const worker = await follower(announcements);
      const [stable] = worker.table?.versions ?? [];
      if (stable === undefined) throw new Error('there is no version');
      worker.report({ version: stable.id, tally: many(70, ok) });
      const line = `outcome="ok"} 70\n`;
      const metrics = async () => (await fetch(`${base}/metrics`)).text();
      await eventually('it is counted', async () => (await metrics()).includes(line));
      // Control looks every 50 ms, and shows nothing of it while no upgrade is under way.
      await new Promise(resolve => setTimeout(resolve, 200));
      await control.stop();
      const again = await started();
      const id = await put(again.base);
      const { typical } = await get<Why>(`${again.base}${BASE}/${id}/why`);
      expect(typical.exchanges).to.equal(70);
    });

    it('costs nothing but a message where it cannot be used or written', async () => {
      await writeFile(file, 'somebody else was here');
      const { base, control } = await started();
      const because = 'it is not JSON';
      expect(events).to.deep.include({ type: 'learned-ignored', file, because });
      await mkdir(`${file}.new`);
      const id = await put(base);
      await eventually('it is told', () => events.some(({ type }) => type === 'registry-failed'));
      expect((await get<Why>(`${base}${BASE}/${id}/why`)).verdict).to.equal('inconclusive');
      await control.stop();
      expect(events.filter(({ type }) => type === 'registry-failed')).to.have.lengthOf(1);
    });
  });
});
