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
  ]) {
    it(`says that ${because}`, () => {
      const place = placeOf(container(1, about), 8080, { ...around, ...surroundings });
      expect(place).to.deep.equal({ ok: false, because });
    });
  }
});
