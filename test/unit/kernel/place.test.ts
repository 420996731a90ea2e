import { expect } from 'chai';
import { distanceBetween } from '../../../src/kernel/place.js';

describe('distanceBetween', () => {
  const rows = [
    [['one', 'a'], ['one', 'a'], 'here', 'the same machine'],
    [['one', ''], ['one', ''], 'here', 'the same machine, of no zone'],
    [['one', 'a'], ['one', 'b'], 'here', 'the same machine, whatever is said of its zone'],
    [['one', 'a'], ['two', 'a'], 'near', 'the same zone'],
    [['one', 'a'], ['two', 'b'], 'far', 'another zone'],
    [['one', ''], ['two', ''], 'near', 'nobody speaks of zones'],
    [['one', 'a'], ['two', ''], 'near', 'one does not know its zone'],
    [['', ''], ['', ''], 'near', 'nothing is known: that is not the same machine'],
    [['', 'a'], ['', 'b'], 'far', 'only the zones are known'],
  ] as const;
  for (const [[host, zone], [otherHost, otherZone], distance, meaning] of rows) {
    it(`is ${distance} from ${host}/${zone} to ${otherHost}/${otherZone}: ${meaning}`, () => {
      const [one, other] = [
        { host, zone },
        { host: otherHost, zone: otherZone },
      ];
      expect(distanceBetween(one, other)).to.equal(distance);
      expect(distanceBetween(other, one)).to.equal(distance);
    });
  }
});
