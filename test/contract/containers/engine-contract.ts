/** What Cutover relies on of an engine: asked of the fake one, and of a real one where there is any. */
import { expect } from 'chai';
import { placeOf } from '../../../src/containers/place.js';
import { anyListens } from '../../../src/sockets/listens.js';
import type { DockerEngine } from '../../../src/containers/docker-engine.js';
import { EngineError, type Happened, type NewContainer } from '../../../src/containers/engine.js';
import { within } from '../../support/within.js';

export interface EngineUnderTest {
  readonly engine: DockerEngine;
  /** That it has. */
  readonly image: string;
  /** That nobody has. */
  readonly noImage: string;
  /** Of containers that are to be created. */
  readonly network: string | undefined;
  /** A free one for each container: it may share its network with us. */
  readonly port: () => Promise<number>;
}

const label = 'cutover.version';

export function engineContract(underTest: () => EngineUnderTest): void {
  const made: string[] = [];
  let count = 0;
  afterEach(async () => {
    for (const id of made.splice(0)) await underTest().engine.remove(id);
  });

  async function wanted(labels: NewContainer['labels']): Promise<NewContainer> {
    const { image, network, port } = underTest();
    const at = await port();
    const name = `cutover-contract-${process.pid}-${String((count += 1))}`;
    const environment = [`PORT=${String(at)}`, 'VERSION=7.0'];
    return { name, image, environment, labels, port: at, network };
  }

  async function created(labels: NewContainer['labels'] = { [label]: '7.0' }) {
    const container = await wanted(labels);
    const id = await underTest().engine.create(container);
    made.push(id);
    return { ...container, id };
  }

  const described = async (wantedId: string) =>
    (await underTest().engine.containers(undefined)).containers.find(({ id }) => id === wantedId);

  /** Starts it, and waits until its application listens: before that it may not heed a signal. */
  async function running(labels?: NewContainer['labels']) {
    const { engine, network } = underTest();
    const container = await created(labels);
    await engine.start(container.id);
    const around = { network, host: '127.0.0.1', own: [] };
    for (const until = Date.now() + 20_000; Date.now() < until;) {
      const place = placeOf((await described(container.id))!, container.port, around);
      if (place.ok && (await anyListens([place.server]))) return container;
    }
    return expect.fail(`${container.name} does not listen`);
  }

  const failure = async (call: Promise<unknown>): Promise<EngineError> => {
    const cause: unknown = await call.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => error,
    );
    expect(cause).to.be.an.instanceOf(EngineError);
    return cause as EngineError;
  };

  it('creates a container, starts it, and describes it', async () => {
    const { engine } = underTest();
    const { id, name, port } = await created({ [label]: '7.0', 'cutover.port': '80' });
    expect((await described(id))?.status).to.be.oneOf(['created', 'initialized']);
    await engine.start(id);
    const container = await described(id);
    expect(container).to.include({ id, name, status: 'running', health: 'none' });
    expect(container?.labels).to.include({ [label]: '7.0', 'cutover.port': '80' });
    expect(Date.parse(container?.created ?? '')).to.be.a('number').that.is.not.NaN;
    expect(Date.parse(container?.startedAt ?? '')).to.be.a('number').that.is.not.NaN;
    expect(port).to.be.above(0);
  });

  it('lists none but those with labels of ours', async () => {
    const { id } = await created({ other: 'cutover' });
    expect(await described(id)).to.equal(undefined);
  });

  it('stops a container, which then has ended well, and need not run to be stopped', async () => {
    const { engine } = underTest();
    const { id } = await running();
    await engine.stop(id, 5);
    expect(await described(id)).to.include({ status: 'exited', exitCode: 0 });
    await engine.stop(id, 5);
  });

  it('starts it again under another time', async () => {
    const { engine } = underTest();
    const { id } = await running();
    const before = (await described(id))?.startedAt;
    await engine.stop(id, 5);
    await engine.start(id);
    const after = await described(id);
    expect(after?.status).to.equal('running');
    expect(after?.startedAt).not.to.equal(before);
  });

  it('removes a container that runs, and one that has gone is no error', async () => {
    const { engine } = underTest();
    const { id } = await created();
    await engine.start(id);
    await engine.remove(id);
    expect(await described(id)).to.equal(undefined);
    await engine.remove(id);
    await engine.stop(id, 1);
  });

  it('tells that containers with our labels start and end, and of no others, until it is told to end', async () => {
    const { engine } = underTest();
    const ending = new AbortController();
    const heard: Happened[] = [];
    const listening = (async () => {
      for await (const each of engine.happenings(ending.signal)) {
        heard.push(each);
        if (each.action === 'die') return;
      }
    })();
    // The stream has begun once it tells of something; before that nothing may be concluded.
    const stranger = await created({ other: 'cutover' });
    await engine.start(stranger.id);
    await engine.stop(stranger.id, 0);
    const first = await running();
    await engine.stop(first.id, 5);
    await within(10_000, 'the end is told', listening);
    const actions = heard
      .filter(({ container }) => container === first.id)
      .map(each => each.action);
    expect(actions).to.include.members(['start', 'die']);
    expect(heard.some(({ container }) => container === stranger.id)).to.equal(false);

    const silent = engine.happenings(ending.signal)[Symbol.asyncIterator]();
    const next = silent.next();
    ending.abort();
    const end = await next.catch((cause: unknown) => cause);
    if (end instanceof EngineError) expect(end.kind).to.equal('given-up');
    else expect(end).to.deep.equal({ done: true, value: undefined });
  });

  it('knows which images it has', async () => {
    const { engine, image, noImage } = underTest();
    expect(await engine.hasImage(image)).to.equal(true);
    expect(await engine.hasImage(noImage)).to.equal(false);
  });

  it('says that an image cannot be pulled', async () => {
    const { engine, noImage } = underTest();
    const cause = await failure(engine.pull(noImage, new AbortController().signal));
    expect(cause.message).to.match(new RegExp(`^cannot pull ${noImage}: \\S`));
  });

  it('says which image it does not have, and nothing of the environment', async () => {
    const { engine, noImage } = underTest();
    const container = await wanted({ [label]: '7.0' });
    const environment = ['PASSWORD=do-not-tell'];
    const cause = await failure(engine.create({ ...container, image: noImage, environment }));
    expect(cause.kind).to.equal('not-found');
    expect(cause.message).to.match(/^cannot create cutover-contract-/);
    expect(JSON.stringify([cause.message, String(cause.cause)])).not.to.contain('do-not-tell');
  });

  it('says that a container is not there to be started', async () => {
    const cause = await failure(underTest().engine.start('0123456789abcdef'));
    expect(cause.kind).to.equal('not-found');
  });
}
