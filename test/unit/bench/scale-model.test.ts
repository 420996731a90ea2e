import { expect } from 'chai';
import { capacityOf, connectionsOf, controlCores, ofRequest } from '../../../bench/scale/model.js';

const of = (each: number, message = 0) => ({ each, message });
const costs = { frontend: of(50), worker: of(100), link: 100, report: 40 };
const place = { frontends: 1, workers: 1, frontendCores: 1, workerCores: 1, inFlight: 16 };

describe('the model of capacity', () => {
  it('is what the role can do that has less', () => {
    const free = { ...costs, link: 0 };
    expect(capacityOf(free, place)).to.deep.equal({ requests: 10_000, limit: 'workers' });
    expect(capacityOf(free, { ...place, workers: 4 })).to.deep.equal({
      requests: 20_000,
      limit: 'frontends',
    });
    expect(capacityOf(free, { ...place, frontends: 2, workers: 4 }).requests).to.equal(40_000);
  });

  it('counts the links that are there, whatever goes over them', () => {
    // 1,000 links of 100 µs each second are a tenth of the frontend's core.
    const many = capacityOf(costs, { ...place, workers: 1000 });
    expect(many).to.deep.equal({ requests: 18_000, limit: 'frontends' });
    expect(capacityOf(costs, { ...place, workers: 20_000 }).requests).to.equal(0);
  });

  it('has a request cost more, the fewer share a message', () => {
    expect([0.1, 1, 2, 64].map(inFlight => ofRequest(of(70, 640), inFlight))).to.deep.equal([
      710, 710, 390, 80,
    ]);
    const small = { ...costs, link: 0, worker: of(60, 640) };
    expect(capacityOf(small, place).requests).to.equal(10_000);
    expect(capacityOf(small, { ...place, inFlight: 4 }).requests).to.be.closeTo(4545, 1);
  });

  it('counts reports of control, and no more of them than it wants', () => {
    expect(controlCores(costs, 100)).to.equal(0.1);
    expect(controlCores(costs, 1000)).to.equal(0.32);
    expect(controlCores(costs, 4000)).to.equal(0.32);
  });

  it('knows the mesh', () => {
    expect(connectionsOf({ frontends: 10, workers: 100 })).to.equal(1000);
  });
});
