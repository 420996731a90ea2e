import { createServer, type RequestListener } from 'node:http';
import { expect } from 'chai';
import { greeting, LARGE } from '../../../bench/soak/application.js';
import { Visits } from '../../../bench/soak/visits.js';
import { addressOf, listening } from '../../support/scripted-container.js';
import { stageForEach } from '../../support/stage.js';

/** Chances by which every request is of one kind, of nobody known before. */
const always = { large: 0.01, upload: 0.07, abandoned: 0.12, 'one-shot': 0.2, small: 0.9 } as const;

const well: RequestListener = (request, response) => {
  let bytes = 0;
  request.on('data', (piece: Buffer) => (bytes += piece.length));
  request.on('end', () => {
    if (request.method === 'PUT') response.end(String(bytes));
    else if (request.url === '/large') response.end(Buffer.alloc(LARGE));
    else response.end(greeting(String(request.headers['x-id'])));
  });
};

describe('visits of a soak', () => {
  const stage = stageForEach();

  async function tallyOf(kind: keyof typeof always, listener: RequestListener, count = 3) {
    const { port } = addressOf(await listening(stage, createServer(listener)));
    const visits = new Visits(port, () => always[kind]);
    for (let made = 0; made < count; made += 1) await visits.one();
    visits.end();
    return visits.traffic;
  }

  for (const kind of ['large', 'upload', 'one-shot', 'small'] as const) {
    it(`count answers to ${kind} requests`, async () => {
      const expected = { sent: 3, answered: 3, abandoned: 0, repeated: {}, lost: {} };
      expect(await tallyOf(kind, well)).to.deep.equal(expected);
    });
  }

  it('count those that they gave up themselves', async () => {
    expect(await tallyOf('abandoned', well)).to.include({ answered: 0, abandoned: 3 });
  });

  const wrong: readonly (readonly [string, keyof typeof always, RequestListener])[] = [
    ['status 502', 'small', (_, response) => response.writeHead(502).end()],
    ["somebody else's answer", 'small', (_, response) => response.end(greeting('soak-77'))],
    ['a large answer cut short', 'large', (_, response) => response.end('short')],
    ['before an answer', 'small', (_, response) => response.destroy()],
  ];
  for (const [how, kind, listener] of wrong) {
    it(`count as lost: ${how}`, async () => {
      const { answered, lost } = await tallyOf(kind, listener);
      expect({ answered, lost }).to.deep.equal({ answered: 0, lost: { [how]: 3 } });
    });
  }

  it('come again once when they are cut off, and say so', async () => {
    let come = 0;
    const { answered, repeated } = await tallyOf('one-shot', (request, response) => {
      come += 1;
      if (come % 2 === 1) response.destroy();
      else well(request, response);
    });
    expect({ answered, repeated }).to.deep.equal({
      answered: 3,
      repeated: { 'before an answer': 3 },
    });
  });
});
