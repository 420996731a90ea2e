/**
 * Response splitting: a container whose answer is, for some, two. Whatever it says, its client gets one answer
 * or an error of ours, and nobody else gets a byte of it.
 */
import { expect } from 'chai';
import { statusOf, valuesOf, type Message } from '../support/http-message.js';
import { configFor, up } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import { answering, playing, ScriptedContainer } from '../support/scripted-container.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { gate } from '../support/gate.js';

const second = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nSet-Cookie: a=STOLEN\r\n\r\nSTOLEN';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** What the container says, and the body that its client gets; undefined: 502. */
const refused: readonly (readonly [what: string, said: string])[] = [
  [
    'both framings, the length first',
    `HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  ],
  [
    'both framings, the coding first',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${second}`,
  ],
  [
    'two lengths that differ',
    `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 90\r\n\r\nok${second}`,
  ],
  [
    'two lengths that agree',
    `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok${second}`,
  ],
  ['two lengths in one field', `HTTP/1.1 200 OK\r\nContent-Length: 2, 90\r\n\r\nok${second}`],
  ['a length with a plus', `HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok${second}`],
  ['a negative length', `HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n${second}`],
  [
    'a length that overflows',
    `HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok${second}`,
  ],
  ['two codings', `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${second}`],
  [
    'a coding that looks like chunked',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`,
  ],
  [
    'a coding behind a vertical tab',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n${second}`,
  ],
  [
    'a coding in HTTP/1.0',
    `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
  ],
  ['a space before the colon', `HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok${second}`],
  ['LF in a value', `HTTP/1.1 200 OK\r\nX: y\nSet-Cookie: a=STOLEN\r\nContent-Length: 2\r\n\r\nok`],
  ['LF LF in a value', `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: y\n\n${second}\r\n\r\n`],
  ['CR in a value', `HTTP/1.1 200 OK\r\nX: y\rSet-Cookie: a=STOLEN\r\nContent-Length: 2\r\n\r\nok`],
  ['CR CR LF in a value', `HTTP/1.1 200 OK\r\nX: y\r\r\n\r\n${second}`],
  ['NUL in a value', `HTTP/1.1 200 OK\r\nX: y\0STOLEN\r\nContent-Length: 2\r\n\r\nok`],
  [
    'a folded field',
    `HTTP/1.1 200 OK\r\nX: y\r\n Set-Cookie: a=STOLEN\r\nContent-Length: 2\r\n\r\nok`,
  ],
  ['a field without a name', `HTTP/1.1 200 OK\r\n: STOLEN\r\nContent-Length: 2\r\n\r\nok`],
  ['a field without a colon', `HTTP/1.1 200 OK\r\nSTOLEN\r\nContent-Length: 2\r\n\r\nok`],
  ['CR in the reason', `HTTP/1.1 200 OK\rX: STOLEN\r\nContent-Length: 2\r\n\r\nok`],
  ['LF at the end of the status line', `HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok${second}`],
  ['LF for all line ends', `HTTP/1.1 200 OK\nContent-Length: 2\n\nok${second}`],
  ['no status line', `STOLEN\r\n\r\n`],
  ['an empty line first', `\r\n${second}`],
  ['status 600', 'HTTP/1.1 600 STOLEN\r\nContent-Length: 2\r\n\r\nok'],
  ['a status of two digits', 'HTTP/1.1 20 STOLEN\r\nContent-Length: 2\r\n\r\nok'],
  ['HTTP/2', 'HTTP/2 200\r\nContent-Length: 6\r\n\r\nSTOLEN'],
  [
    'another protocol that nobody asked for',
    `HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n${second}`,
  ],
  ['interim answers without end', 'HTTP/1.1 102 STOLEN\r\n\r\n'.repeat(50)],
];

/** What comes behind the answer is nobody's: its client gets `body`. */
const cut: readonly (readonly [what: string, said: string, body: string, method?: string])[] = [
  [
    'a second answer behind the first',
    `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok${second}`,
    'ok',
  ],
  ['a second answer behind chunks', `${CHUNKED}2\r\nok\r\n0\r\n\r\n${second}`, 'ok'],
  ['a second answer behind none', `HTTP/1.1 204 No\r\n\r\n${second}`, ''],
  ['a body with 204', `HTTP/1.1 204 No\r\nContent-Length: ${second.length}\r\n\r\n${second}`, ''],
  ['a body with 304', `HTTP/1.1 304 No\r\nContent-Length: ${second.length}\r\n\r\n${second}`, ''],
  [
    'a body for HEAD',
    `HTTP/1.1 200 OK\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
    '',
    'HEAD',
  ],
  [
    'two empty lines behind it',
    `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n\r\n${second}`,
    'ok',
  ],
  [
    'a field behind the last chunk',
    `${CHUNKED}2\r\nok\r\n0\r\nSet-Cookie: a=STOLEN\r\n\r\n${second}`,
    'ok',
  ],
  [
    'a body that looks like an answer',
    `HTTP/1.1 200 OK\r\nContent-Length: ${second.replaceAll('STOLEN', 'quoted').length}\r\n\r\n${second.replaceAll('STOLEN', 'quoted')}`,
    second.replaceAll('STOLEN', 'quoted'),
  ],
];

/** Broken in its chunks, once its client has the head: the client is cut off as well. */
const torn: readonly (readonly [what: string, chunks: string])[] = [
  ['a size that overflows', `10000000000000000\r\n${second}`],
  ['a size with LF', `2\nok\r\n0\r\n\r\n${second}`],
  ['a size with a minus', `-2\r\nok\r\n0\r\n\r\n${second}`],
  ['LF behind the data', `2\r\nok\n0\r\n\r\n${second}`],
  ['data that is longer than it says', `2\r\nok${second}`],
  ['an extension with LF', `2;\n\r\nok\r\n0\r\n\r\n${second}`],
  ['an extension whose quotes do not end', `2;x="\r\nok\r\n0\r\n\r\n${second}`],
  ['LF in the trailers', `2\r\nok\r\n0\r\nX: y\n\r\n${second}`],
  ['a trailer that is an answer', `2\r\nok\r\n0\r\n${second}`],
];

describe('hostile: response splitting', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let container: ScriptedContainer;
  let port: number;

  before(async () => {
    container = await ScriptedContainer.start(whole);
    container.serveOthers(exchange => answering(200, exchange.target)(exchange));
    // One connection at a time to the container: if anything stays on it, the next client gets it.
    const config = configFor([container.address], { limits: { serverConnections: 4 } });
    ({ port } = await up(whole, config, ['--workers', '1']));
  });

  let asked = 0;
  const request = (target: string, method = 'GET') =>
    `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

  afterEach('everybody else gets what was meant for them', async () => {
    const targets = Array.from({ length: 8 }, () => `/mine-${(asked += 1)}`);
    for (const target of targets) {
      const answer = await ask(stage, { port }, request(target));
      expect(answer.body.toString()).to.equal(target);
      expect(answer.raw).not.to.include('STOLEN');
    }
  });

  async function attacked(said: string, method = 'GET'): Promise<Message> {
    const target = `/evil-${(asked += 1)}`;
    container.serve(target, playing(said));
    const client = await RawClient.connect(stage, { port });
    await client.send(request(target, method));
    const answer = await client.answer({ toHead: method === 'HEAD' });
    // The same client's next answer is its own, too.
    const next = `/mine-${(asked += 1)}`;
    await client.send(request(next));
    expect((await client.answer()).body.toString()).to.equal(next);
    expect(client.received).not.to.include('STOLEN');
    return answer;
  }

  for (const [what, said] of refused) {
    it(`answers 502 in place of ${what}`, async () => {
      expect(statusOf(await attacked(said))).to.equal(502);
    });
  }

  for (const [what, said, body, method] of cut) {
    it(`passes on the first answer alone: ${what}`, async () => {
      const answer = await attacked(said, method);
      expect(answer.body.toString('latin1')).to.equal(body);
      expect(valuesOf(answer, 'set-cookie').join()).not.to.include('STOLEN');
    });
  }

  for (const [what, chunks] of torn) {
    it(`cuts off its client alone: ${what}`, async () => {
      const target = `/evil-${(asked += 1)}`;
      container.serve(target, playing(`${CHUNKED}${chunks}`));
      const client = await RawClient.connect(stage, { port });
      await client.send(request(target));
      await client.until('\r\n\r\n');
      // Refused before a byte of it has gone: 502, and the connection goes on. Else: cut off.
      if (!client.received.startsWith('HTTP/1.1 502')) await client.closed();
      expect(client.received).not.to.include('STOLEN');
      expect(client.received).not.to.match(/\r\n0\r\n\r\n$/); // else it would look whole
    });
  }

  it('gives nobody an answer that comes on an idle connection before it was asked for', async () => {
    for (let round = 0; round < 20; round += 1) {
      const target = `/early-${(asked += 1)}`;
      const { opened, open } = gate();
      container.serve(target, async exchange => {
        await answering(200, 'ok')(exchange);
        await opened;
        if (exchange.socket.destroyed) return;
        exchange.write(second);
      });
      const exchange = container.asked(target);
      const client = await RawClient.connect(stage, { port });
      await client.send(request(target));
      expect((await client.answer()).body.toString()).to.equal('ok');
      const { gone } = await exchange;
      open();
      await gone; // such a connection is not used again
      const next = `/mine-${(asked += 1)}`;
      await client.send(request(next));
      expect((await client.answer()).body.toString()).to.equal(next);
      expect(client.received).not.to.include('STOLEN');
    }
  });

  it('gives nobody the answer of a client that has gone', async () => {
    for (let round = 0; round < 20; round += 1) {
      const target = `/late-${(asked += 1)}`;
      const { opened, open } = gate();
      container.serve(target, async exchange => {
        await opened;
        if (!exchange.socket.destroyed) exchange.write(second);
      });
      const exchange = container.asked(target);
      const client = await RawClient.connect(stage, { port });
      await client.send(request(target));
      await exchange;
      client.reset();
      open(); // perhaps before anybody has heard that the client is gone
      const next = `/mine-${(asked += 1)}`;
      expect((await ask(stage, { port }, request(next))).body.toString()).to.equal(next);
    }
  });
});
