import { expect } from 'chai';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stage } from './stage.js';

describe('support: stage', () => {
  it('ends in reverse order, each thing once', async () => {
    const stage = new Stage();
    const ended: string[] = [];
    stage.atEnd(() => ended.push('first set up'));
    stage.atEnd(() => ended.push('then this'));
    await stage.clear();
    await stage.clear();
    expect(ended).to.deep.equal(['then this', 'first set up']);
  });

  it('ends everything although something fails, and says what', async () => {
    const stage = new Stage();
    const ended: string[] = [];
    stage.atEnd(() => ended.push('still ended'));
    stage.atEnd(() => Promise.reject(new Error('stuck')));
    const fault = await stage.clear().catch((cause: unknown) => cause as AggregateError);
    expect(fault?.errors.map(String)).to.deep.equal(['Error: stuck']);
    expect(ended).to.deep.equal(['still ended']);
  });

  it('removes its folders with what is in them', async () => {
    const stage = new Stage();
    const folder = await stage.folder();
    writeFileSync(join(folder, 'left'), 'over');
    await stage.clear();
    expect(existsSync(folder)).to.be.false;
  });
});
