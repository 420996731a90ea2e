import { expect } from 'chai';
import { share, versionId } from '../../../src/kernel/ids.js';
import type { ServerOf, ServerOut, SharedServer } from '../../../src/wire/shared.js';
import { RetryBudget } from '../../../workers/rescue/budget.js';
import { firstPart, Sharing } from '../../../workers/sharing.js';

const server: ServerOf = { version: versionId('v1'), server: 'a:1' };

function stand() {
  const budget = new RetryBudget({ share: 0, perSecond: 10, window: 10_000 }, share(0.5));
  const fleet = {
    out: [] as ServerOut[],
    inUse: [] as ServerOf[],
    heard: [] as (readonly SharedServer[])[],
    leftOut: () => fleet.out,
    uses: () => fleet.inUse,
    told: (servers: readonly SharedServer[]) => void fleet.heard.push(servers),
  };
  const sharing = new Sharing({ budget, fleet });
  return { budget, fleet, sharing };
}

describe('what a worker shares', () => {
  it('is the same object while nothing is new', () => {
    const { sharing, fleet } = stand();
    const first = sharing.standing(0);
    expect(first).to.deep.equal({
      part: 0.5,
      used: 0,
      wants: false,
      out: [],
      uses: [],
    });
    expect(sharing.standing(40)).to.equal(first);
    fleet.out = [{ ...server, ms: 5000 }];
    const second = sharing.standing(80);
    expect(second.out).to.deep.equal(fleet.out);
    fleet.out = [{ ...server, ms: 4960 }];
    expect(sharing.standing(120)).to.equal(second, 'time has passed');
    fleet.out = [];
    fleet.inUse = [server];
    expect(sharing.standing(160).uses).to.deep.equal([server]);
  });

  it('is told anew whenever something was spent, and as that fades', () => {
    const { sharing, budget } = stand();
    sharing.standing(0);
    budget.spend(0);
    const spent = sharing.standing(0);
    expect(spent.used).to.equal(0.01);
    expect(sharing.standing(5000)).to.equal(spent);
    for (let n = 0; n < 20; n++) budget.spend(5000);
    expect(sharing.standing(5000).used).to.be.closeTo(0.206, 0.001);
    const faded = sharing.standing(9000);
    expect(faded.used).to.be.closeTo(0.138, 0.001);
    expect(sharing.standing(200_000).used).to.be.below(0.001);
  });

  it('says that it wants more when it had to refuse', () => {
    const { sharing, budget } = stand();
    budget.part = share(0);
    budget.allows(0);
    expect(sharing.standing(0).wants).to.be.true;
    expect(sharing.standing(1000).wants).to.be.false;
  });

  it('takes its part, and what is said of servers, if anything is', () => {
    const { sharing, budget, fleet } = stand();
    sharing.shared({ part: share(0.2), servers: undefined }, 0);
    expect(budget.part).to.equal(0.2);
    expect(fleet.heard).to.deep.equal([]);
    expect(sharing.standing(0).part).to.equal(0.2, 'control is to know that we know');
    sharing.shared({ part: share(0.2), servers: [] }, 0);
    expect(fleet.heard).to.deep.equal([[]]);
  });

  it('begins with as much as each has of those that were started together', () => {
    expect(firstPart(4)).to.equal(0.25);
  });
});
