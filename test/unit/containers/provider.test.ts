/** What containers do, one event and one look after the other → what becomes of the routing table. */
import { expect } from 'chai';
import type { Container, Engine, Happened } from '../../../src/containers/engine.js';
import { LEAVES_WITHIN, Provider, RESYNC } from '../../../src/containers/provider.js';
import { versionId } from '../../../src/kernel/ids.js';
import { changed, firstTable } from '../../../src/versions/routing-table.js';
import { FakeClock } from '../support-clock.js';
import { around, container } from './stand.js';

/** All that is under way has happened: nothing here waits for anything but promises. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

class Stand {
  readonly clock = new FakeClock();
  readonly said: string[] = [];
  containers: readonly Container[];
  /** How many more there are than the engine shows. */
  leftOut = 0;
  /** Whether their ports accept connections. */
  accepts = true;
  table = firstTable({
    id: versionId('by-hand'),
    number: '1.0',
    servers: [{ host: '127.0.0.1', port: 9999 }],
    transition: { mode: 'INSTANT' },
  });
  readonly provider: Provider;
  #tell: (happened: Happened) => void = () => undefined;

  constructor(containers: readonly Container[]) {
    this.containers = containers;
    let ids = 0;
    this.provider = new Provider({
      engine: this.#engine(),
      owner: 'this-one',
      around,
      clock: this.clock,
      report: event => {
        if (event.type === 'container-notice') this.said.push(`${event.about}: ${event.because}`);
      },
      chance: () => 0,
      drain: 1000,
      listens: () => Promise.resolve(this.accepts),
      table: () => this.table,
      change: change => {
        const result = changed(this.table, change);
        if (result.ok) this.table = result.table;
        return Promise.resolve(result.ok ? undefined : result.refusal.kind);
      },
      newId: () => versionId(`new-${String((ids += 1))}`),
    });
  }

  /** "2.0 9001 9002, 1.0 9999" */
  get shown(): string {
    return this.table.versions
      .map(({ number, servers }) => [number, ...servers.map(({ port }) => port)].join(' '))
      .join(', ');
  }

  async told(at: number, signal: number): Promise<void> {
    this.#tell({ container: `id-${String(at)}`, action: 'kill', signal });
    await settled();
  }

  async looks(containers = this.containers): Promise<void> {
    this.containers = containers;
    this.provider.look();
    await settled();
  }

  async passes(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += RESYNC) {
      this.clock.advance(RESYNC);
      await settled();
    }
  }

  #engine(): Engine {
    const never = () => Promise.reject(new Error('nobody asks for it'));
    return {
      address: 'fake',
      host: '127.0.0.1',
      containers: () => Promise.resolve({ containers: this.containers, leftOut: this.leftOut }),
      happenings: signal => this.#happenings(signal),
      ...{ hasImage: never, pull: never, create: never, start: never, stop: never, remove: never },
    };
  }

  async *#happenings(signal: AbortSignal): AsyncGenerator<Happened> {
    while (!signal.aborted) {
      const next = await new Promise<Happened | undefined>(resolve => {
        this.#tell = resolve;
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      if (next !== undefined) yield next;
    }
  }
}

const SIGQUIT = 3;

describe('a provider', () => {
  let stand: Stand;
  const follows = async (...containers: readonly Container[]) => {
    stand = new Stand(containers);
    await settled();
  };
  afterEach(() => stand.provider.stop());

  it('takes the server of a container that was told to end, while others are left', async () => {
    await follows(container(1), container(2));
    expect(stand.shown).to.equal('2.0 9001 9002, 1.0 9999');
    await stand.told(1, SIGQUIT);
    expect(stand.shown).to.equal('2.0 9002, 1.0 9999');
  });

  it('gives it back where the container runs on, as soon as it is seen to accept', async () => {
    await follows(container(1), container(2));
    await stand.told(1, SIGQUIT);
    stand.accepts = false;
    await stand.passes(LEAVES_WITHIN);
    expect(stand.shown).to.equal('2.0 9002, 1.0 9999');
    stand.accepts = true;
    await stand.looks();
    expect(stand.shown).to.equal('2.0 9001 9002, 1.0 9999');
  });

  it('keeps the version of the last container until it has ended, however it ends', async () => {
    await follows(container(1));
    await stand.told(1, SIGQUIT);
    expect(stand.shown).to.equal('2.0 9001, 1.0 9999');
    await stand.looks([container(1, { status: 'exited', exitCode: 1 })]);
    expect(stand.shown).to.equal('1.0 9999');
  });

  it('removes no version while the engine has more containers than it shows, and says so', async () => {
    await follows(container(1));
    stand.leftOut = 3;
    await stand.looks([container(2)]);
    expect(stand.shown).to.equal('2.0 9002, 1.0 9999');
    await stand.looks([]);
    expect(stand.shown).to.equal('2.0 9002, 1.0 9999');
    expect(stand.said).to.deep.equal([
      'containers: 3 more than are looked at are left out: until some are removed, no version is ' +
        'removed with its last one',
    ]);
    stand.leftOut = 0;
    await stand.looks();
    expect(stand.shown).to.equal('1.0 9999');
  });

  it('judges by its end a container that ran on', async () => {
    await follows(container(1));
    await stand.told(1, SIGQUIT);
    await stand.passes(LEAVES_WITHIN);
    await stand.looks([container(1, { status: 'exited', exitCode: 1 })]);
    expect(stand.shown).to.equal('2.0 9001, 1.0 9999');
  });
});
