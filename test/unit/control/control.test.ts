/** The control process with real sockets and a real file; its followers are links without a process. */
import { expect } from 'chai';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseConfig } from '../../../src/config/config.js';
import { startControl } from '../../../src/control/control.js';
import type { ShownVersion } from '../../../src/control/shown.js';
import type { ShownEvent, Why } from '../../../src/control/why.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { Role } from '../../../src/kernel/role.js';
import { StartError } from '../../../src/kernel/start-error.js';
import type { Follow, FollowerRole } from '../../../src/wire/control-message.js';
import { stageForEach } from '../../support/stage.js';
import { eventually, within } from '../../support/within.js';
import { failing, many, ok } from '../verdict/seen.js';
import { ControlFollower } from './control-follower.js';

const BASE = '/configuration/cluster';
const CONFIGURED_KEY = Buffer.alloc(32, 5).toString('base64');

type Settings = Readonly<Record<string, unknown>>;

function configOf(settings: Settings) {
  const parsed = parseConfig({
    proxy: { ip: '127.0.0.1', port: 0 },
    configService: { ip: '127.0.0.1', port: 0 },
    cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }], version: '1.0' },
    ...settings,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}

describe('control', function () {
  this.timeout(20_000);
  const stage = stageForEach();
  let folder: string;
  let file: string;
  let announcements: string;
  let events: CutoverEvent[];
  let base: string;

  beforeEach(async () => {
    folder = await stage.folder();
    file = join(folder, 'registry.json');
    announcements = `ipc://${folder}/control`;
    events = [];
  });

  async function start(settings: Settings = {}): Promise<Role> {
    const control = await startControl({
      config: configOf({ registry: { file }, ...settings }),
      announcements,
      release: '1.2.3',
      clock: systemClock,
      report: event => events.push(event),
    });
    stage.atEnd(() => within(5000, 'control has stopped', control.stop()));
    const listening = events.findLast(({ type }) => type === 'control-listening');
    if (listening?.type !== 'control-listening') throw new Error('nobody listens');
    base = `http://${listening.address}`;
    return control;
  }

  async function follower(
    role: FollowerRole = 'worker',
    known?: Follow['progress'],
  ): Promise<ControlFollower> {
    const made = new ControlFollower(announcements, role, known);
    const running = made.link.run();
    stage.atEnd(async () => {
      made.link.close();
      await within(5000, 'the link has ended', running);
    });
    await eventually('it has a table', () => made.link.isLinked);
    return made;
  }

  const call = (path: string, method = 'GET', body?: unknown) =>
    fetch(base + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const get = async <Body>(path: string) => (await (await call(path)).json()) as Body;
  const listed = () => get<ShownVersion[]>(BASE);

  async function put(version: string, upgradeTransition: Settings = { mode: 'INSTANT' }) {
    const servers = [{ ip: '127.0.0.1', port: 9102 }];
    const answer = await call(BASE, 'PUT', { cluster: { servers, version, upgradeTransition } });
    expect(answer.status).to.equal(202);
    return (await answer.json()) as { id: string; edition: number };
  }

  async function refusal(settings: Settings): Promise<StartError> {
    const cause: unknown = await start(settings).catch((thrown: unknown) => thrown);
    if (cause instanceof StartError) return cause;
    throw new Error('a StartError was expected', { cause });
  }

  it('begins with the configured cluster, and gives it to whoever follows, with a key of its own', async () => {
    await start();
    const worker = await follower();
    expect(worker.table?.versions.map(({ number, state }) => [number, state.name])).to.deep.equal([
      ['1.0', 'complete'],
    ]);
    expect(worker.keys).to.have.lengthOf(1);
    expect(Buffer.from(worker.keys?.[0] ?? '', 'base64')).to.have.lengthOf(32);
  });

  it('tells every follower of a change, and how far it has spread', async () => {
    await start();
    const [worker, frontend] = [await follower(), await follower('frontend')];
    const { id, edition } = await put('2.0');
    for (const each of [worker, frontend]) {
      await eventually('it is told', () => each.table?.edition === edition);
      expect(each.table?.versions[0]).to.include({ id, number: '2.0' });
    }
    const spread = { edition, followers: 2, acknowledged: 2, workers: 1 };
    await eventually(
      'both have acknowledged',
      async () => (await get<typeof spread>('/configuration')).acknowledged === 2,
    );
    expect(await get('/configuration')).to.deep.equal(spread);
  });

  it('shares the retry budget out among its workers, and says nothing of servers at first', async () => {
    await start();
    const [a, b] = [await follower(), await follower()];
    const standing = { part: share(1), used: share(0), wants: false, out: [], uses: [] };
    a.link.stand(standing);
    b.link.stand({ ...standing });
    await eventually('each has one half', () =>
      [a, b].every(({ shared }) => shared.at(-1)?.part === 0.5),
    );
    expect(a.shared.at(-1)).to.deep.equal({ part: 0.5, servers: undefined });
    b.link.close();
    a.link.stand({ ...standing, part: share(0.5) });
    await eventually('the other one has left', () => a.shared.at(-1)?.part === 1);
    expect(a.shared.at(-1)?.servers).to.deep.equal([]);
  });

  it('is ready once a worker follows, and not for a frontend alone', async () => {
    await start();
    await follower('frontend');
    expect((await call('/readyz')).status).to.equal(503);
    expect(await get('/readyz')).to.deep.equal({ error: 'no worker is connected' });
    expect((await call('/healthz')).status).to.equal(200);
    await follower();
    expect(await get('/readyz')).to.deep.equal({ ready: true });
  });

  it('takes a version back that fails for the workers, and says why', async () => {
    await start();
    const worker = await follower();
    const { id } = await put('2.0');
    await eventually('the worker has the upgrade', () => worker.table?.versions.length === 2);
    expect((await call(`${BASE}/${id}/why`)).status).to.equal(200);
    worker.saw(many(20, failing), many(180, ok));
    await eventually('it is demoted', () => worker.stateOf('2.0')?.name === 'demoted');

    const why = await get<Why>(`${BASE}/${id}/why`);
    expect(why).to.include({ verdict: 'unhealthy', signal: 'failures', version: '2.0' });
    expect(why.newer).to.include({ exchanges: 20, failed: 20 });
    expect(why.stable).to.include({ exchanges: 180, failed: 0 });
    const { strength, needed } = why.evidence.failures;
    expect(strength).to.be.at.least(needed);

    const [newest] = await listed();
    expect(newest).to.include({ state: 'demoted', because: why.because, verdict: 'unhealthy' });
    const happened = await get<ShownEvent[]>('/events');
    expect(happened.map(({ what }) => what)).to.deep.equal(['added', 'unhealthy', 'demoted']);
    const { because } = why;
    const event = { type: 'version-changed', version: '2.0', id, what: 'demoted', because };
    const isLogged = () => events.some(each => isDeepStrictEqual(each, event));
    await eventually('it is in the log', isLogged);
  });

  it('leaves a version alone that is no worse', async () => {
    await start();
    const worker = await follower();
    await put('2.0');
    await eventually('the worker has the upgrade', () => worker.table?.versions.length === 2);
    worker.saw(many(200, ok), many(200, ok));
    await eventually('it was weighed', async () => (await listed())[0]?.exchanges === 200);
    expect(worker.stateOf('2.0')?.name).to.equal('running');
  });

  it('shows in its metrics what workers saw, of versions that there are', async () => {
    await start();
    const worker = await follower();
    const [version] = worker.table?.versions ?? [];
    if (version === undefined) throw new Error('there is no version');
    worker.report(
      { version: version.id, tally: many(7, ok) },
      { version: versionId('nobody'), tally: many(9, ok) },
    );
    const line = `cutover_exchanges_total{version="1.0",id="${version.id}",outcome="ok"} 7\n`;
    const metrics = async () => (await call('/metrics')).text();
    await eventually('it is counted', async () => (await metrics()).includes(line));
    const shown = await metrics();
    expect(shown).to.include('cutover_table_edition 1\n');
    expect(shown).to.include('cutover_followers{role="worker"} 1\n');
    expect(shown).to.include('cutover_followers{role="frontend"} 0\n');
    expect(shown).to.not.include('nobody');
  });

  it('moves GRADUAL on with what workers count, tells them, and keeps it through other changes', async () => {
    await start();
    const worker = await follower();
    const { id } = await put('2.0', { mode: 'GRADUAL', percentageTransitionPerRequest: 1 });
    await eventually('the worker has the upgrade', () => worker.table?.versions.length === 2);
    worker.report({ version: versionId(id), counted: 30 });
    await eventually('it is told', () => worker.progress.at(-1)?.share === 0.3);
    expect(worker.progress.at(-1)).to.deep.equal({
      version: id,
      share: 0.3,
      isHeld: false,
      taken: 1,
    });
    expect((await listed())[0]?.progress).to.equal(30);
    await put('3.0');
    await eventually('it is superseded', () => worker.table?.versions.length === 3);
    expect(worker.stateOf('2.0')).to.deep.equal({ name: 'running', progress: 0.3 });
    expect((await listed())[1]).to.include({ state: 'superseded', progress: 30 });
  });

  it('tells a worker that comes late how far an upgrade is that has come to rest', async () => {
    await start();
    const worker = await follower();
    const { id } = await put('2.0', { mode: 'GRADUAL', percentageTransitionPerRequest: 1 });
    await eventually('the worker has the upgrade', () => worker.table?.versions.length === 2);
    worker.report({ version: versionId(id), counted: 30 });
    await eventually('it is told', () => worker.progress.at(-1)?.share === 0.3);
    const late = await follower();
    await eventually('it is told as well', () => late.progress.at(-1)?.share === 0.3);
  });

  describe('keys of sessions', () => {
    const rotate = () => call('/configuration/keys/rotate', 'POST');

    it('are rotated: told to everybody before one signs, and the one before is still believed', async () => {
      await start();
      const worker = await follower();
      const [first] = worker.keys ?? [];
      const answer = await rotate();
      expect([answer.status, await answer.json()]).to.deep.equal([202, { edition: 3 }]);
      await eventually('it is told', () => worker.table?.edition === 3);
      const [announced, last] = worker.tables.slice(-2);
      const fresh = last?.keys[0];
      expect(fresh).to.not.equal(first);
      expect(announced?.keys).to.deep.equal([first, fresh]);
      expect(last?.keys).to.deep.equal([fresh, first]);
    });

    it('of the configuration count before our own, and are rotated there', async () => {
      await start({ session: { keys: [CONFIGURED_KEY] } });
      const worker = await follower();
      expect(worker.keys).to.deep.equal([CONFIGURED_KEY]);
      const answer = await rotate();
      expect(answer.status).to.equal(409);
      expect(await answer.text()).to.include('session.keys');
      await put('2.0');
      await eventually('it is told', () => worker.table?.edition === 2);
      expect(worker.keys).to.deep.equal([CONFIGURED_KEY]);
    });
  });

  describe('begins again', () => {
    it('with the versions and keys that it had, whatever the configuration says', async () => {
      const control = await start();
      const before = await follower();
      await put('2.0');
      await eventually('it is told', () => before.table?.edition === 2);
      await control.stop();
      expect(events.at(-1)).to.deep.equal({ type: 'control-stopped' });
      await start({ cluster: { servers: [{ ip: '127.0.0.1', port: 9103 }], version: '7.0' } });
      const after = await follower();
      expect(after.table).to.deep.equal(before.table);
      expect(after.keys).to.deep.equal(before.keys);
    });

    it('with the state before, where the file is damaged, and says so', async () => {
      const control = await start();
      await put('2.0');
      await put('3.0');
      await control.stop();
      await truncate(file, 100);
      await start();
      const damage = events.find(({ type }) => type === 'registry-damaged');
      expect(damage).to.include({ file, copy: `${file}.damaged-1`, edition: 2 });
      expect((await listed()).map(({ version }) => version)).to.deep.equal(['2.0', '1.0']);
    });

    it('with the share that a worker knows of, where that is more', async () => {
      const control = await start();
      const { id } = await put('2.0', { mode: 'GRADUAL', percentageTransitionPerRequest: 1 });
      await control.stop();
      await start();
      await follower('worker', { version: versionId(id), share: share(0.4) });
      expect((await listed())[0]?.progress).to.equal(40);
    });
  });

  describe('does not start', () => {
    it('without a file for its registry', async () => {
      const cause = await refusal({ registry: {} });
      expect([cause.message, cause.exitCode]).to.deep.equal(['control needs registry.file', 2]);
    });

    it('without a version that it could begin with', async () => {
      const cause = await refusal({ registry: { file: join(folder, 'missing', 'registry') } });
      expect(cause.message).to.include('there is no such folder');
      expect(cause.exitCode).to.equal(1);
    });

    it('while another has its registry, which goes on', async () => {
      await start();
      const cause = await refusal({});
      expect(cause.message).to.include('is in use by process');
      expect((await call('/healthz')).status).to.equal(200);
    });

    it('where its address is taken, and lets go of its registry', async () => {
      const control = await start();
      const port = Number(new URL(base).port);
      const other = { registry: { file: join(folder, 'other.json') } };
      const first = announcements;
      announcements = `ipc://${folder}/other`;
      const cause = await refusal({ ...other, configService: { ip: '127.0.0.1', port } });
      expect(cause.message).to.include(`cannot listen on 127.0.0.1:${port}`);
      await start(other);
      announcements = first;
      await control.stop();
    });
  });

  it('answers 503 for what it cannot keep, and nobody hears of it', async () => {
    await start();
    const worker = await follower();
    await writeFile(file, 'somebody else was here');
    const servers = [{ ip: '127.0.0.1', port: 9102 }];
    const answer = await call(BASE, 'PUT', { cluster: { servers, version: '2.0' } });
    expect(answer.status).to.equal(503);
    expect((await listed()).map(({ version }) => version)).to.deep.equal(['1.0']);
    expect(worker.table?.edition).to.equal(1);
  });

  it('stops once, however often it is asked', async () => {
    const control = await start();
    await Promise.all([control.stop(), control.stop(), control.stopped]);
    expect(events.filter(({ type }) => type === 'control-stopped')).to.have.lengthOf(1);
  });
});
