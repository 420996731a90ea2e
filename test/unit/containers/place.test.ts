import { expect } from 'chai';
import { placeOf } from '../../../src/containers/place.js';
import { around, container } from './stand.js';

const unpublished = { published: [] };
const two = { addresses: { bridge: '172.17.0.2', shop: '10.1.0.2' } };

describe('placeOf', () => {
  for (const { what, about, surroundings, server } of [
    {
      what: 'published on all addresses: the engine’s machine',
      about: {},
      surroundings: { host: '10.0.0.9' },
      server: { host: '10.0.0.9', port: 9001 },
    },
    {
      what: 'published on one address: that one',
      about: { published: [{ port: 8080, host: '127.0.0.5', hostPort: 9001 }] },
      surroundings: {},
      server: { host: '127.0.0.5', port: 9001 },
    },
    {
      what: 'published on an address that others reach, beside one that they do not: that one',
      about: {
        published: [
          { port: 8080, host: '127.0.0.1', hostPort: 9001 },
          { port: 8080, host: '10.0.0.8', hostPort: 9002 },
        ],
      },
      surroundings: { host: '10.0.0.9' },
      server: { host: '10.0.0.8', port: 9002 },
    },
    {
      what: 'at the port of a wildcard listener of ours, on another machine',
      about: {},
      surroundings: { host: '10.0.0.9', own: [{ host: '0.0.0.0', port: 9001 }] },
      server: { host: '10.0.0.9', port: 9001 },
    },
    {
      what: 'published without an address: the engine’s machine',
      about: { published: [{ port: 8080, host: '', hostPort: 9001 }] },
      surroundings: { host: '10.0.0.9' },
      server: { host: '10.0.0.9', port: 9001 },
    },
    {
      what: 'published by IPv6 as well: the machine',
      about: { published: [{ port: 8080, host: '::', hostPort: 9001 }] },
      surroundings: {},
      server: { host: '127.0.0.1', port: 9001 },
    },
    {
      what: 'another port is published: its own address',
      about: { published: [{ port: 9229, host: '0.0.0.0', hostPort: 9001 }] },
      surroundings: {},
      server: { host: '172.17.0.1', port: 8080 },
    },
    {
      what: 'not published: its own address',
      about: unpublished,
      surroundings: {},
      server: { host: '172.17.0.1', port: 8080 },
    },
    {
      what: "in the host's network: the machine",
      about: { networkMode: 'host', addresses: {}, published: [] },
      surroundings: { network: 'shop' },
      server: { host: '127.0.0.1', port: 8080 },
    },
    {
      what: 'in the network that was configured: its address there, published or not',
      about: two,
      surroundings: { network: 'shop' },
      server: { host: '10.1.0.2', port: 8080 },
    },
  ]) {
    it(`finds a container: ${what}`, () => {
      const place = placeOf(container(1, about), 8080, { ...around, ...surroundings });
      expect(place).to.deep.equal({ ok: true, server });
    });
  }

  for (const { about, surroundings, because } of [
    {
      about: { ...unpublished, ...two },
      surroundings: {},
      because: 'it is in several networks (bridge, shop): say by docker.network which one counts',
    },
    {
      about: {},
      surroundings: { network: 'shop' },
      because: 'it is not in the network shop (docker.network) but in bridge',
    },
    {
      about: { ...unpublished, addresses: {} },
      surroundings: {},
      because: 'it has no address, and its port is not published',
    },
    {
      about: {},
      surroundings: { own: [{ host: '127.0.0.1', port: 9001 }] },
      because: 'this is the address of Cutover itself',
    },
    ...['0.0.0.0', '::'].map(host => ({
      about: { published: [{ port: 8080, host: '127.0.0.5', hostPort: 9001 }] },
      surroundings: { own: [{ host, port: 9001 }] },
      because: 'this is the address of Cutover itself',
    })),
    ...['127.0.0.1', '::1'].map(host => ({
      about: { published: [{ port: 8080, host, hostPort: 9001 }] },
      surroundings: { host: '10.0.0.9' },
      because:
        `its port is published on ${host} of 10.0.0.9 only, where nobody else reaches it: publish it ` +
        'on another address, or say by docker.network which network Cutover shares with it',
    })),
  ]) {
    it(`says that ${because}`, () => {
      const place = placeOf(container(1, about), 8080, { ...around, ...surroundings });
      expect(place).to.deep.equal({ ok: false, because });
    });
  }
});
