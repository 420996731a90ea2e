/** Control in one process, where something has gone wrong around it. */
import { expect } from 'chai';
import { truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseConfig } from '../../../src/config/config.js';
import { startControl } from '../../../src/control/control.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { versionId } from '../../../src/kernel/ids.js';
import type { Role } from '../../../src/kernel/role.js';
import { firstTable } from '../../../src/versions/routing-table.js';
import { stageForEach } from '../../support/stage.js';
import { eventually, within } from '../../support/within.js';
import { ControlFollower } from './control-follower.js';

/** Seconds that requests in flight may take at the end: short, so that a test can wait for it. */
const DRAIN = 1;
/** Editions that are left out after damage. */
const LEFT_OUT = 1000;

describe('control, where something has gone wrong', function () {
  this.timeout(20_000);
  const stage = stageForEach();
  let file: string;
  let announcements: string;
  let address: string;

  beforeEach(async () => {
    const folder = await stage.folder();
    file = join(folder, 'registry.json');
    announcements = `ipc://${folder}/control`;
  });

  async function start(): Promise<Role> {
    const parsed = parseConfig({
      proxy: { ip: '127.0.0.1', port: 0 },
      configService: { ip: '127.0.0.1', port: 0 },
      cluster: { servers: [{ ip: '127.0.0.1', port: 9101 }], version: '1.0' },
      registry: { file },
      timeouts: { drain: DRAIN },
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const events: CutoverEvent[] = [];
    const control = await startControl({
      config: parsed.config,
      announcements,
      release: '1.2.3',
      clock: systemClock,
      report: event => events.push(event),
    });
    stage.atEnd(() => within(5000, 'control has stopped', control.stop()));
    const listening = events.find(({ type }) => type === 'control-listening');
    if (listening?.type !== 'control-listening') throw new Error('nobody listens');
    address = listening.address;
    return control;
  }

  const call = (path: string, method = 'GET', body?: unknown) =>
    fetch(`http://${address}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  async function put(version: string): Promise<number> {
    const servers = [{ ip: '127.0.0.1', port: 9102 }];
    const answer = await call('/configuration/cluster', 'PUT', { cluster: { servers, version } });
    expect(answer.status).to.equal(202);
    return ((await answer.json()) as { edition: number }).edition;
  }

  const edition = async () =>
    ((await (await call('/configuration')).json()) as { edition: number }).edition;

  /** `known`: the edition that it has from a control of before. */
  function follower(known?: number): ControlFollower {
    const made = new ControlFollower(announcements, 'worker');
    if (known !== undefined) {
      const table = firstTable({
        id: versionId('of-before'),
        number: '9.0',
        servers: [{ host: '127.0.0.1', port: 9109 }],
        transition: { mode: 'INSTANT' },
      });
      made.link.offer({ kind: 'table', table: { ...table, edition: known }, keys: [] });
    }
    const running = made.link.run();
    stage.atEnd(async () => {
      made.link.close();
      await within(5000, 'the link has ended', running);
    });
    return made;
  }

  it('leaves editions out after damage: nobody has a later table than the one that is left', async () => {
    const control = await start();
    await put('2.0');
    const lost = await put('3.0');
    await control.stop();
    await truncate(file, 100);
    await start();
    const left = lost - 1;
    expect(await edition()).to.equal(left + LEFT_OUT);
    const behind = follower(lost);
    await eventually('it takes what is left', () => behind.table?.edition === left + LEFT_OUT);
    expect(behind.table?.versions.map(({ number }) => number)).to.deep.equal(['2.0', '1.0']);
    expect(await put('4.0')).to.equal(left + LEFT_OUT + 1);
  });

  it('goes on with the same edition where nothing is damaged', async () => {
    const control = await start();
    const last = await put('2.0');
    await control.stop();
    await start();
    expect(await edition()).to.equal(last);
  });

  it('overtakes a follower with a later edition than its own, and keeps that', async () => {
    const control = await start();
    const ahead = follower(7);
    await eventually('it is told', () => ahead.table?.edition === 8);
    expect(ahead.table?.versions.map(({ number }) => number)).to.deep.equal(['1.0']);
    expect(ahead.keys).to.have.length(1);
    expect(await edition()).to.equal(8);
    await control.stop();
    await start();
    expect(await edition()).to.equal(8);
  });

  it('does not pass over editions for a follower that has none later than its own', async () => {
    await start();
    const last = await put('2.0');
    const level = follower(last);
    await eventually('it is known', () => level.link.isLinked);
    expect(await edition()).to.equal(last);
  });

  it('ends though a request never arrives whole', async () => {
    const control = await start();
    const [host, port] = address.split(':');
    const socket = connect(Number(port), host);
    stage.atEnd(() => void socket.destroy());
    socket.on('error', () => undefined); // it is cut off, one way or the other
    socket.write('PUT /configuration/cluster HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n{');
    await once(socket, 'connect');
    const cut = once(socket, 'close');
    socket.resume();
    expect((await call('/healthz')).status).to.equal(200); // by then it has come as well
    await within(DRAIN * 1000 + 3000, 'control has stopped', control.stop());
    await within(1000, 'the client is cut off', cut);
  });
});
