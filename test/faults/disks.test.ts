/** Disks that are full, or cannot be written to: of the registry, and of bodies that are kept there. */
import { expect } from 'chai';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { draws } from '../support/draws.js';
import { Stage } from '../support/stage.js';
import { eventually } from '../support/within.js';
import { noFaults, ways } from './ledger.js';
import { onSmallDisks, SmallDisk, whyNoSmallDisks } from './small-disks.js';
import { get, post, upload } from './traffic.js';
import { RESTART, World } from './world.js';

const because = whyNoSmallDisks();
const title = 'a disk';

(because === undefined ? describe : describe.skip)(
  because === undefined ? title : `${title} (${because})`,
  function () {
    this.timeout(120_000);
    const stage = new Stage();
    const chance = draws(5);
    let at: World;
    let registry: SmallDisk;
    let spool: SmallDisk;

    before(async () => {
      const folders: string[] = [];
      at = await World.begin(stage, {
        surroundings: async folder => {
          folders.push(join(folder, 'state'), join(folder, 'bodies'));
          for (const each of folders) await mkdir(each);
          const [state = '', bodies = ''] = folders;
          return {
            command: onSmallDisks(folders),
            sections: {
              registry: { file: join(state, 'registry.json') },
              limits: { spool: bodies },
            },
          };
        },
      });
      const [state = '', bodies = ''] = folders;
      registry = new SmallDisk(at.cutover.pid, state);
      spool = new SmallDisk(at.cutover.pid, bodies);
    });
    after(() => stage.clear());

    interface Unwritable {
      readonly what: string;
      readonly says: RegExp;
      readonly bodies: RegExp;
      readonly begin: (disk: SmallDisk) => Promise<void>;
      readonly end: (disk: SmallDisk) => Promise<void>;
    }
    const waysToFail: readonly Unwritable[] = [
      {
        what: 'is full',
        says: /the disk is full/,
        bodies: /ENOSPC/,
        begin: disk => disk.fill(),
        end: disk => disk.free(),
      },
      {
        what: 'is read-only',
        says: /the file system is read-only/,
        bodies: /EROFS/,
        begin: disk => disk.makeReadOnly(),
        end: disk => disk.makeWritable(),
      },
    ];

    const add = (version: string) =>
      at.api.call('PUT', '/configuration/cluster', {
        cluster: { version, servers: at.newer.map(({ address }) => address) },
      });

    for (const { what, says, bodies, begin, end } of waysToFail) {
      it(`of the registry ${what}: changes are refused with the reason, requests are served`, async () => {
        const load = at.load({ prefix: `registry ${what}`.replaceAll(' ', '-'), chance });
        const before = await at.api.states();
        await begin(registry);
        const { status, body } = await add('2.0');
        expect(status, JSON.stringify(body)).to.equal(503);
        expect(JSON.stringify(body)).to.match(says);
        expect(await at.api.states(), 'nothing has changed').to.deep.equal(before);
        await load.traffic.more(100);
        await end(registry);
        const again = await add('2.0');
        expect(again.status, JSON.stringify(again.body)).to.equal(202);
        await at.settled();
        await load.traffic.more(100);
        expect(await at.api.remove((again.body as { id: string }).id)).to.equal(202);
        const ledger = await at.finish(load);
        expect(ledger.faults).to.deep.equal(noFaults);
        expect(ways(ledger.failed)).to.deep.equal({});
        await at.settled();
        expect((await registry.names()).filter(name => name.endsWith('.new'))).to.deep.equal([]);
      });

      it(`of the registry ${what} when control is killed: it comes back as soon as it can`, async () => {
        const load = at.load({ prefix: `control ${what}`.replaceAll(' ', '-'), chance });
        await begin(registry);
        const since = at.cutover.lines.length;
        const back = await at.end('control', 'SIGKILL');
        await at.cutover.logged('role-ended', {
          since,
          where: ({ role }) => role === 'control',
        });
        await load.traffic.more(200);
        await end(registry);
        await back();
        await at.settled();
        const ledger = await at.finish(load);
        expect(ledger.faults).to.deep.equal(noFaults);
        expect(ways(ledger.failed)).to.deep.equal({});
      });

      it(`of bodies ${what}: who sends a large one is told 503, all others are served`, async () => {
        const isEmpty = async () => (await spool.used()) === 0;
        await begin(spool);
        const since = at.cutover.lines.length;
        const mix = [get, post, upload];
        const load = at.load({ prefix: `spool ${what}`.replaceAll(' ', '-'), chance, mix });
        const refused = await at.cutover.logged('request-refused', {
          since,
          ms: RESTART,
          where: ({ code }) => code === 'ERR_SPOOL',
        });
        expect(refused.because).to.match(bodies);
        await load.traffic.more(100);
        const ledger = await at.finish(load);
        expect(ledger.faults).to.deep.equal(noFaults);
        expect(ledger.failed.filter(({ how }) => how !== '503')).to.deep.equal([]);
        const { sent, answered } = ledger.counts;
        expect(ledger.failed, 'no more than the uploads').to.have.lengthOf(sent - answered);
        expect(
          ledger.failed.every(({ isSafe }) => isSafe),
          'no POST',
        ).to.be.true;

        await end(spool);
        await eventually('what was kept is given back', isEmpty);
        const later = at.load({ prefix: `later ${what}`.replaceAll(' ', '-'), chance, mix });
        await later.traffic.more(100);
        const healed = await at.finish(later);
        expect(healed.faults).to.deep.equal(noFaults);
        expect(ways(healed.failed)).to.deep.equal({});
        await eventually('bodies leave nothing on the disk', isEmpty);
      });
    }
  },
);
