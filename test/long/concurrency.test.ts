import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { statusOf, valuesOf } from '../support/http-message.js';
import { Load, nothing, unharmed } from '../support/load.js';
import { descriptorsOf } from '../support/process-facts.js';
import { configFor, up } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  answering,
  hanging,
  playingThenReset,
  ScriptedContainer,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

describe('system: many clients', () => {
  const stage = stageForEach();

  for (const [method, body] of [['GET'], ['POST', 'x'.repeat(3_000)]] as const) {
    it(`1,000 keep-alive clients get what they ask for with ${method}, each once`, async function () {
      this.timeout(60_000);
      const { listener, times } = counting({ name: 'a' });
      const container = await httpContainer(stage, listener);
      const { port } = await up(stage, configFor([container]), [
        '--frontends',
        '2',
        '--workers',
        '2',
      ]);
      const options = { port, clients: 1_000, requests: 5_000, method };
      const tally = await Load.start(
        stage,
        body === undefined ? options : { ...options, body },
      ).finished();
      expect(unharmed(tally)).to.deep.equal(nothing);
      expect(times.size).to.equal(5_000);
      expect(Math.max(...times.values())).to.equal(1);
    });
  }

  it('beyond limits.connections are turned away with 503, and have room when others leave', async () => {
    const container = await httpContainer(stage, counting({ name: 'a' }).listener);
    const config = configFor([container], { limits: { connections: 3 } });
    const { port } = await up(stage, config, ['--workers', '1']);
    const request = 'GET / HTTP/1.1\r\nHost: app\r\nX-Id: x-1\r\n\r\n';
    const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(stage, { port })));
    for (const client of clients) {
      await client.send(request);
      expect(statusOf(await client.answer())).to.equal(200);
    }
    const fourth = await RawClient.connect(stage, { port });
    const refusal = await fourth.answer();
    expect(statusOf(refusal)).to.equal(503);
    expect(valuesOf(refusal, 'retry-after')).not.to.be.empty;
    await fourth.closed();
    clients[0]?.end();
    await clients[0]?.closed();
    await eventually(
      'there is room',
      async () => statusOf(await ask(stage, { port }, request)) === 200,
    );
  });

  it('that come and go, answered or not, leave no descriptor and no connection behind', async function () {
    this.timeout(60_000);
    const container = await ScriptedContainer.start(stage);
    container.serve('/', answering(200, 'x')).serve('/hang', hanging);
    container.serve('/cut', playingThenReset('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab'));
    const config = configFor([container.address], { timeouts: { serverIdle: 0.3 } });
    const { cutover, port } = await up(stage, config, ['--workers', '1']);
    const pids = [...cutover.pidsOf('frontend'), ...cutover.pidsOf('worker')];
    const descriptors = () => Promise.all(pids.map(descriptorsOf));
    const visit = async (target: string) => {
      const client = await RawClient.connect(stage, { port });
      await client.send(`GET ${target} HTTP/1.1\r\nHost: app\r\n\r\n`);
      if (target === '/hang') await eventually('it hangs', () => container.times(target) > 0);
      else await client.until('\r\n\r\n');
      client.reset();
    };
    const visits = async (times: number) => {
      const targets = ['/', '/hang', '/cut'];
      await Promise.all(Array.from({ length: times }, (_, n) => visit(targets[n % 3]!)));
    };
    await visits(3); // whatever is opened once and kept
    await eventually('idle connections are closed', () => container.open === 0);
    const before = await descriptors();
    for (let round = 0; round < 4; round += 1) await visits(150);
    await eventually('all connections to the container are closed', () => container.open === 0);
    await eventually('as few descriptors are open as before', async () =>
      (await descriptors()).every((now, index) => now <= before[index]! + 2),
    );
  });
});
