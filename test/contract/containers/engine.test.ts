import { expect } from 'chai';
import { getEventListeners } from 'node:events';
import { AT_ONCE, DockerEngine } from '../../../src/containers/docker-engine.js';
import type { EngineError } from '../../../src/containers/engine.js';
import { FakeEngine } from '../../support/fake-engine.js';
import { stageForEach } from '../../support/stage.js';
import { eventually } from '../../support/within.js';
import { engineContract, type EngineUnderTest } from './engine-contract.js';

describe('an engine that is none', () => {
  const stage = stageForEach();
  let fake: FakeEngine;
  let underTest: EngineUnderTest;
  beforeEach(async () => {
    fake = await FakeEngine.start(stage);
    underTest = {
      engine: fake.client(),
      image: 'demo:1',
      noImage: 'localhost/nobody:1',
      network: undefined,
      port: () => Promise.resolve(80), // what it publishes where labels name no port
    };
  });
  describe('keeps the contract of engines', () => engineContract(() => underTest));

  const failure = (call: Promise<unknown>): Promise<EngineError> =>
    call.then(
      () => expect.fail('it did not fail'),
      (cause: unknown) => cause as EngineError,
    );

  it('pulls what its registry has', async () => {
    fake.registry.set('localhost/later:2', {});
    await fake.client().pull('localhost/later:2', new AbortController().signal);
    expect(await fake.client().hasImage('localhost/later:2')).to.equal(true);
  });

  it('gives a pull up when it is told to, in the middle of it', async () => {
    let release: () => void = () => undefined;
    fake.pulling = new Promise(resolve => (release = resolve));
    const ending = new AbortController();
    const pulled = failure(fake.client().pull('localhost/later:2', ending.signal));
    while (!fake.asked.includes('POST /images/create')) await new Promise(setImmediate);
    ending.abort();
    expect((await pulled).kind).to.equal('given-up');
    release();
  });

  it('gives a call up that takes too long', async () => {
    fake.isHanging = true;
    const cause = await failure(fake.client(50).containers(undefined));
    expect(cause.kind).to.equal('late');
    expect(cause.message).to.equal(`${fake.socket} did not list its containers in time`);
  });

  for (const { what, ask } of [
    {
      what: 'a call',
      ask: (client: DockerEngine, signal: AbortSignal) => client.containers(undefined, signal),
    },
    {
      what: 'a pull',
      ask: (client: DockerEngine, signal: AbortSignal) => client.pull('demo:1', signal),
    },
    {
      what: 'the beginning of the events',
      ask: (client: DockerEngine, signal: AbortSignal) =>
        client.happenings(signal)[Symbol.asyncIterator]().next(),
    },
  ]) {
    it(`leaves nothing open of ${what} that takes too long, though it may be given up later`, async () => {
      fake.isHanging = true;
      const { signal } = new AbortController();
      expect((await failure(ask(fake.client(50), signal))).kind).to.equal('late');
      await eventually('its connection is closed', () => fake.connections === 0);
      expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
    });
  }

  it('does not end a pull that has begun, however long it takes', async () => {
    let release: () => void = () => undefined;
    fake.pulling = new Promise(resolve => (release = resolve));
    fake.registry.set('localhost/later:2', {});
    const client = fake.client(500);
    const { signal } = new AbortController();
    const pulled = client.pull('localhost/later:2', signal);
    while (!fake.asked.includes('POST /images/create')) await new Promise(setImmediate);
    fake.isHanging = true;
    expect((await failure(client.containers(undefined))).kind).to.equal(
      'late',
      'and so would the pull be',
    );
    release();
    await pulled;
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('shows those that run before others, leaves out other owners’, and says how many there are more', async () => {
    const label = { 'cutover.version': '2.0' };
    const create = (name: string, labels: Readonly<Record<string, string>>) =>
      fake
        .client()
        .create({ name, labels, image: 'demo:1', environment: [], port: 80, network: undefined });
    await fake.run('oldest', { labels: { ...label, 'cutover.owner': 'me' } });
    await create('older', label);
    await fake.run('another', { labels: { ...label, 'cutover.owner': 'you' } });
    await create('newest', label);
    const shown = async (most: number) => {
      const { containers, leftOut } = await fake.client(undefined, most).containers('me');
      return { names: containers.map(({ name }) => name), leftOut };
    };
    expect(await shown(2)).to.deep.equal({ names: ['oldest', 'newest'], leftOut: 1 });
    expect(await shown(3)).to.deep.equal({ names: ['oldest', 'newest', 'older'], leftOut: 0 });
  });

  it('is asked for a few of its containers at a time', async () => {
    for (let count = 0; count < 3 * AT_ONCE; count++) {
      await fake.run(`one-${String(count)}`, { labels: { 'cutover.version': '2.0' } });
    }
    const { containers } = await fake.client().containers(undefined);
    expect(containers).to.have.length(3 * AT_ONCE);
    expect(fake.mostConnections).to.be.at.most(AT_ONCE + 1);
  });

  it('says that nobody listens', async () => {
    await fake.goAway();
    const cause = await failure(fake.client().containers(undefined));
    expect(cause.kind).to.equal('unreachable');
    expect(cause.message).to.contain('ENOENT');
  });

  it('says that it has hung up, where it goes while it is listened to', async () => {
    const told = fake.client().happenings(new AbortController().signal)[Symbol.asyncIterator]();
    const next = failure(told.next());
    while (!fake.asked.includes('GET /events')) await new Promise(setImmediate);
    await fake.goAway();
    expect((await next).kind).to.be.oneOf(['unreachable', 'refused']);
  });

  it('is the one that was configured, whatever the environment says', async () => {
    const before = process.env['DOCKER_HOST'];
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1';
    try {
      expect(await new DockerEngine({ path: fake.socket }).hasImage('demo:1')).to.equal(true);
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST'];
      else process.env['DOCKER_HOST'] = before;
    }
  });
});
