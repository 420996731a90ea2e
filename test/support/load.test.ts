import { expect } from 'chai';
import { containerProcess } from './container-process.js';
import { counting, httpContainer } from './containers.js';
import { Load, nothing, unharmed } from './load.js';
import { stageForEach } from './stage.js';

describe('support: load and counting containers', () => {
  const stage = stageForEach();

  it('finds nothing lost, doubled or wrong where nothing happens', async () => {
    const { listener, times } = counting({ name: 'a' });
    const container = await httpContainer(stage, listener);
    const load = Load.start(stage, { ...container, clients: 20, requests: 500 });
    const tally = await load.finished();
    expect(unharmed(tally)).to.deep.equal(nothing);
    expect(tally.sent).to.equal(500);
    expect([...tally.byServer]).to.deep.equal([['a', 500]]);
    expect([...times.values()].every(each => each === 1)).to.be.true;
    expect(times.size).to.equal(500);
  });

  it('notices an answer that belongs to somebody else', async () => {
    const container = await httpContainer(stage, (_, response) => response.end('load-7 a .....'));
    const tally = await Load.start(stage, { ...container, clients: 2, requests: 10 }).finished();
    expect(tally.wrong).to.have.lengthOf(10);
    expect(unharmed(tally).lost).to.equal(10);
  });

  it('tells failures apart by status and by error', async () => {
    const container = await httpContainer(stage, (request, response) => {
      if (request.headers['x-id'] === 'load-1') response.writeHead(503).end();
      else request.socket.destroy();
    });
    const tally = await Load.start(stage, { ...container, clients: 1, requests: 3 }).finished();
    expect(tally.failed.get('503')).to.deep.equal(['load-1']);
    expect(tally.failed.get('ECONNRESET')).to.deep.equal(['load-2', 'load-3']);
  });

  it('runs until it is stopped, and says when more was answered', async () => {
    const container = await httpContainer(stage, counting({ name: 'a' }).listener);
    const load = Load.start(stage, { ...container, clients: 4, method: 'POST', body: 'text' });
    await load.more(50);
    await load.more(50);
    const tally = await load.stop();
    expect(unharmed(tally)).to.deep.equal(nothing);
    expect(tally.sent).to.be.at.least(100);
  });

  it('sees a container process being killed', async () => {
    const container = await containerProcess(stage, { name: 'a', delay: 5 });
    const load = Load.start(stage, { ...container.address, clients: 4 });
    await load.more(20);
    await container.kill();
    const { failed } = await load.stop();
    expect([...failed.keys()]).to.include('ECONNRESET');
    expect(container.arrivals).to.have.lengthOf.at.least(20);
  });
});
