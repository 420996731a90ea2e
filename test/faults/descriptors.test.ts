/**
 * More clients than there are descriptors. A frontend must never use its last one: where libzmq cannot accept a
 * worker over ipc (EMFILE) it aborts the process. So it takes fewer clients than it could.
 */
import { expect } from 'chai';
import { cli } from '../support/processes.js';
import { RawClient } from '../support/raw-client.js';
import { Stage } from '../support/stage.js';
import { itWith } from '../support/tools.js';
import { noFaults, ways } from './ledger.js';
import { chances } from './seeded.js';
import { get, post } from './traffic.js';
import { FRONTENDS, World } from './world.js';

/** Open files of each process; a frontend keeps 100 of them for others than clients. */
const OPEN_FILES = 300;
const CLIENTS = FRONTENDS * (OPEN_FILES - 100);

describe('more clients than descriptors', function () {
  this.timeout(120_000);
  const stage = new Stage();
  after(() => stage.clear());

  itWith(
    'prlimit',
    'are turned away; whoever is there is served, and workers come and go',
    async () => {
      const limit = `--nofile=${OPEN_FILES}:${OPEN_FILES}`;
      const at = await World.begin(stage, {
        surroundings: () => Promise.resolve({ command: ['prlimit', limit, process.execPath, cli] }),
      });
      const mix = [get, post];
      const load = at.load({ prefix: 'crowd', chance: chances(1, 'crowd'), mix });
      await load.traffic.more(100);
      const crowd = await Promise.all(
        Array.from({ length: CLIENTS + 100 }, () => RawClient.connect(stage, { port: at.port })),
      );
      await at.cutover.logged('connections-full');
      await Promise.race(crowd.map(each => each.until('503', 60_000)));
      const back = await at.end('worker-1', 'SIGKILL');
      await back();
      await load.traffic.more(100);
      for (const each of crowd) each.reset();
      await at.settled();
      const ledger = await at.finish(load);
      expect(ledger.faults).to.deep.equal(noFaults);
      const failed = ledger.failed.filter(({ isSafe, how }) => isSafe || how !== '502');
      expect(ways(failed), 'but for what the worker had').to.deep.equal({});
      expect(at.cutover.all('role-ended').map(({ role }) => role)).to.deep.equal(['worker-1']);

      const later = at.load({ prefix: 'later', chance: chances(1, 'later'), mix });
      await later.traffic.more(100);
      expect(ways((await at.finish(later)).failed)).to.deep.equal({});
    },
  );
});
