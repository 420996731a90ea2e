import { expect } from 'chai';
import type { ClientConnection } from '../../../src/frontend/client-connection.js';
import { Clients } from '../../../src/frontend/clients.js';
import type { StreamFrames } from '../../../src/wire/frames.js';
import { gate } from '../../support/gate.js';
import { settled } from './stand.js';

const idOf = (n: number) => Buffer.from([0, 0, 0, 0, n]);
const nothing = Buffer.alloc(0);
const hello = (n: number): StreamFrames => [idOf(n), nothing];
const goodbye = hello;
const says = (n: number, text: string): StreamFrames => [idOf(n), Buffer.from(text)];

describe('Clients', () => {
  let heard: string[];
  let pressure: Promise<void> | undefined;
  let closers: Map<number, () => void>;
  let clients: Clients;

  beforeEach(() => {
    heard = [];
    pressure = undefined;
    closers = new Map();
    clients = new Clients({
      connection(routingId, closed) {
        const n = routingId[4] ?? 0;
        heard.push(`hello ${n}`);
        closers.set(n, closed);
        const connection: Partial<ClientConnection> = {
          isBusy: n % 2 === 1,
          isTunnel: n === 2,
          received: bytes => heard.push(`${n}: ${bytes.toString()}`),
          gone: () => heard.push(`gone ${n}`),
          sweep: now => heard.push(`sweep ${n} at ${now}`),
          drain: () => heard.push(`drain ${n}`),
          giveUp: (what, by) => heard.push(`give up ${what} of ${n} by ${by}`),
        };
        return connection as ClientConnection;
      },
      pressure: () => pressure,
    });
  });

  async function* arriving(frames: readonly StreamFrames[]) {
    for (const each of frames) yield await Promise.resolve(each);
  }

  it('tells hello from goodbye by whom it knows', async () => {
    await clients.read(arriving([hello(1), hello(2), says(1, 'a'), goodbye(1), says(2, 'b')]));
    expect(heard).to.deep.equal(['hello 1', 'hello 2', '1: a', 'gone 1', '2: b']);
    expect(clients.size).to.equal(1);
  });

  it('ignores bytes of connections that it does not know', async () => {
    await clients.read(arriving([says(1, 'late'), hello(1), goodbye(1), says(1, 'later')]));
    expect(heard).to.deep.equal(['hello 1', 'gone 1']);
    expect(clients.size).to.equal(0);
  });

  it('forgets a connection that we closed; nobody announces that', async () => {
    await clients.read(arriving([hello(1)]));
    closers.get(1)?.();
    expect(clients.size).to.equal(0);
    await clients.read(arriving([says(1, 'late')]));
    expect(heard).to.deep.equal(['hello 1']);
  });

  it('knows how many are busy, and passes on what concerns all', async () => {
    await clients.read(arriving([hello(1), hello(2), hello(3)]));
    expect([clients.size, clients.busy, clients.tunnels]).to.deep.equal([3, 2, 1]);
    heard.length = 0;
    clients.sweep(7);
    clients.drain();
    clients.giveUp('tunnels', 5);
    const each = (what: string, rest = '') => [1, 2, 3].map(n => `${what} ${n}${rest}`);
    // What comes first concerns all of them before what comes next does.
    expect(heard.slice(0, 3)).to.have.members(each('sweep', ' at 7'));
    expect(heard.slice(3, 6)).to.have.members(each('drain'));
    expect(heard.slice(6)).to.have.members(each('give up tunnels of', ' by 5'));
  });

  it('reads nothing more while the disk is behind', async () => {
    const disk = gate();
    pressure = disk.opened;
    const reading = clients.read(arriving([hello(1), says(1, 'a')]));
    await settled();
    expect(heard).to.deep.equal(['hello 1']);
    pressure = undefined;
    disk.open();
    await reading;
    expect(heard).to.deep.equal(['hello 1', '1: a']);
  });
});
