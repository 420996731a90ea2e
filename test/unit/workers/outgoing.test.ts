import { expect } from 'chai';
import type { FromWorker } from '../../../src/wire/envelope.js';
import { Outgoing } from '../../../workers/outgoing.js';
import { within } from '../../support/within.js';
import { settled } from '../frontend/stand.js';
import { HEAD, inWords, request, usualLimits } from './stand.js';

const put = request({ method: 'PUT', more: true });

describe('The request of an exchange, sent again', () => {
  let said: string[];
  let outgoing: Outgoing;
  beforeEach(() => {
    said = [];
    const push = (envelope: FromWorker) => void said.push(inWords(envelope));
    outgoing = new Outgoing(put, HEAD, { limits: usualLimits, push });
  });

  it('is waited for until it begins anew', async () => {
    let isThere = false;
    const again = outgoing.again().then(() => (isThere = true));
    await settled();
    expect([said, isThere]).to.deep.equal([['again'], false]);
    expect(outgoing.restart(put)).to.equal(true);
    await again;
  });

  it('is waited for no longer once it has ended', async () => {
    const again = outgoing.again();
    outgoing.end();
    await within(1000, 'nobody waits any more', again);
  });

  it('is not asked for after it has ended: nobody would send it', async () => {
    outgoing.end();
    await within(1000, 'nobody waits', outgoing.again());
    expect(said).to.deep.equal([]);
    expect(outgoing.restart(put)).to.equal(false);
  });
});
