import { expect } from 'chai';
import { OwnProcess } from '../../../src/measures/own-process.js';
import { FakeClock } from '../support-clock.js';

describe('what a process says of itself when it may open no more files', () => {
  const rss = process.memoryUsage.rss.bind(process.memoryUsage);
  const refuse = (code: string) => {
    process.memoryUsage.rss = () => {
      throw Object.assign(new Error(code), { code });
    };
  };
  let own: OwnProcess;

  beforeEach(() => (own = new OwnProcess(new FakeClock())));
  afterEach(() => {
    process.memoryUsage.rss = rss;
    own.close();
  });

  for (const code of ['EMFILE', 'ENFILE']) {
    it(`is what its memory was before: ${code}`, () => {
      const { memory } = own.read();
      expect(memory).to.be.greaterThan(1_000_000);
      refuse(code);
      expect(own.read().memory).to.equal(memory);
    });
  }

  it('is a fault where something else is wrong', () => {
    refuse('EIO');
    expect(() => own.read()).to.throw('EIO');
  });
});
