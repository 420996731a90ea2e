import { expect } from 'chai';
import { measured } from '../../bench/scale/measuring.js';
import { faultsOf, scaleText } from '../../bench/scale/report.js';
import { stageForEach } from '../support/stage.js';

const WORKERS = 100;

describe('control with a hundred simulated workers', () => {
  const stage = stageForEach();

  it('gives each change to all of them, loses nothing of what they report, and takes a bad version back', async function () {
    this.timeout(120_000);
    const lines: string[] = [];
    const result = await measured({
      workers: WORKERS,
      processes: 4,
      link: 'curve',
      rounds: 2,
      rate: 2000,
      seconds: 2,
      profile: undefined,
      folder: await stage.folder(),
      tell: line => lines.push(line),
    });
    expect(faultsOf(result)).to.deep.equal([]);
    // `measured` itself fails where somebody has not acknowledged a change.
    expect(result.changes).to.have.length(2);
    const { told, counted, missed, demotions, slices } = result.merged!;
    expect(counted, 'counted of what was told').to.equal(told);
    expect(told).to.be.above(2000);
    expect(missed).to.be.a('number');
    expect(demotions).to.have.length(2);
    expect(slices.map(({ reports }) => reports > 0)).to.deep.equal([true, true]);
    expect(lines).to.have.length(2);
    expect(scaleText([result]))
      .to.include(String(WORKERS))
      .and.not.include('wrong');
  });
});
