import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { pid } from 'node:process';
import {
  addressIn,
  describeInNamespaces,
  establishedAt,
  namespaceName,
  Namespaces,
  ownerOf,
  packetsIn,
  ruleFor,
} from './namespaces.js';
import { Stage, stageForEach } from './stage.js';

describe('namespaces', () => {
  it('are called after the process that made them', () => {
    const name = namespaceName(4711, 2, 'worker-1');
    expect(ownerOf(name)).to.equal(4711);
    for (const other of ['', 'eth', 'cutover', 'cutover-x-1-a', 'mine-cutover-1-1-a']) {
      expect(ownerOf(other), other).to.equal(undefined);
    }
  });

  it('have an address each, of which there are not too many', () => {
    expect([addressIn(0), addressIn(15)]).to.deep.equal(['10.77.0.1', '10.77.0.16']);
    for (const none of [-1, 16]) expect(() => addressIn(none)).to.throw(RangeError);
  });

  it('have faults that are rules for what arrives', () => {
    expect(ruleFor({ kind: 'deaf', to: '10.77.0.2' }).join(' ')).to.equal(
      'INPUT -s 10.77.0.2 -j DROP',
    );
    expect(ruleFor({ kind: 'reset', of: '10.77.0.2' }).join(' ')).to.equal(
      'INPUT -p tcp -s 10.77.0.2 -j REJECT --reject-with tcp-reset',
    );
    expect(ruleFor({ kind: 'loss', share: 0.2 }).join(' ')).to.equal(
      'INPUT ! -i lo -m statistic --mode random --probability 0.2 -j DROP',
    );
    expect(ruleFor({ kind: 'port', end: 'dport', port: 2380 }).join(' ')).to.equal(
      'INPUT ! -i lo -p tcp --dport 2380 -j DROP',
    );
    for (const share of [0, 1, -1, Number.NaN]) {
      expect(() => ruleFor({ kind: 'loss', share })).to.throw(RangeError);
    }
  });

  it('know the packets that faults have taken', () => {
    const listed = [
      'Chain INPUT (policy ACCEPT 5 packets, 420 bytes)',
      '    pkts      bytes target     prot opt in     out     source               destination',
      '      12      720 DROP       0    --  *      *       10.77.0.2            0.0.0.0/0',
      '       3      180 DROP       0    --  !lo    *       0.0.0.0/0            0.0.0.0/0',
      '',
    ].join('\n');
    expect(packetsIn(listed)).to.equal(15);
    expect(packetsIn('')).to.equal(0);
  });

  it('know the connections of a port', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid',
      '   0: 01004D0A:1B59 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0',
      '   1: 01004D0A:1B59 02004D0A:D431 01 00000000:00000000 00:00000000 00000000     0',
      '   2: 01004D0A:1B59 03004D0A:D432 06 00000000:00000000 00:00000000 00000000     0',
      '   3: 01004D0A:D431 02004D0A:1B59 01 00000000:00000000 00:00000000 00000000     0',
      '   4: 01004D0A:0050 02004D0A:1B59 01 00000000:00000000 00:00000000 00000000     0',
    ].join('\n');
    expect([establishedAt(7001, table), establishedAt(80, table)]).to.deep.equal([1, 1]);
  });
});

describeInNamespaces('namespaces that are there', () => {
  const stage = stageForEach();

  const names = async () => {
    const made = await Namespaces.make(stage, 'a');
    return (await made.run('a', 'ip', 'netns', 'list'))
      .split('\n')
      .map(line => line.split(' ')[0] ?? '')
      .filter(name => ownerOf(name) === pid);
  };

  /** Whether `one` hears `other`: a packet there, and one back. */
  const pings = (net: Namespaces<'a' | 'b'>, one: 'a' | 'b', other: 'a' | 'b') =>
    net.run(one, process.execPath, '-e', KNOCK, net.addressOf(other));

  it('join machines that have faults, which can be healed', async () => {
    const net = await Namespaces.make(stage, 'a', 'b');
    expect(await pings(net, 'a', 'b')).to.equal('ECONNREFUSED');
    const heal = await net.partition('a', 'b');
    expect(await pings(net, 'a', 'b')).to.equal('silent');
    expect(await net.taken('b')).to.be.above(0);
    await heal();
    await heal(); // again: nothing happens
    expect(await pings(net, 'a', 'b')).to.equal('ECONNREFUSED');
    await net.deaf('a', 'b');
    expect(await pings(net, 'a', 'b')).to.equal('silent');
    expect([await net.taken('b'), (await net.taken('a')) > 0]).to.deep.equal([0, true]);
    await net.unplug('a');
    expect(await pings(net, 'b', 'a')).to.match(/silent|EHOSTUNREACH/);
    await net.heal();
    expect(await pings(net, 'b', 'a')).to.equal('ECONNREFUSED');
  });

  it('are deleted with their stage, also where one could not be made', async () => {
    const own = new Stage();
    const made = await Namespaces.make(own, 'b', 'c');
    expect(await made.run('b', 'cat', '/proc/net/tcp')).to.include('local_address');
    await own.clear();
    const failing = new Stage();
    const thrown: unknown = await Namespaces.make(failing, 'd', 'd').catch(
      (cause: unknown) => cause,
    );
    expect(String(thrown)).to.include('File exists');
    await failing.clear();
    expect((await names()).map(each => each.replace(/.*-/, ''))).to.have.members(['a', 'hub']);
  });

  it('leave the network of this process as it is', async () => {
    const before = await readFile('/proc/net/dev', 'utf8');
    const net = await Namespaces.make(stage, 'a', 'b');
    await net.loss('a', 0.5);
    const devices = (text: string) => [...text.matchAll(/^ *([^ :]+):/gm)].map(([, name]) => name);
    expect(devices(await readFile('/proc/net/dev', 'utf8'))).to.deep.equal(devices(before));
  });
});

/** Says what becomes of a connection to a port at which nobody listens. */
const KNOCK = `
const socket = require('node:net').connect({ host: process.argv[1], port: 9, timeout: 500 });
const say = what => { process.stdout.write(what); socket.destroy(); };
socket.once('timeout', () => say('silent'));
socket.once('error', cause => say(cause.code));
`;
