/**
 * Request smuggling, looked at where it would show: at the container. What a client sends as one request
 * arrives as that request and nothing else, or not at all.
 */
import { expect } from 'chai';
import { statusOf, valuesOf, type Message } from '../support/http-message.js';
import { llhttpRequests } from '../support/llhttp.js';
import { configFor, up } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import { answering, ScriptedContainer } from '../support/scripted-container.js';
import { attacks, hidden, outer, type Attack } from '../support/smuggling.js';
import { stageForAll } from '../support/stage.js';

/** Attacks under way at a time. */
const AT_ONCE = 240;

describe('hostile: request smuggling', function () {
  this.timeout(120_000);
  const stage = stageForAll();
  const all = attacks();
  const received = new Map<number, string>();
  let container: ScriptedContainer;
  let port: number;

  before(async () => {
    container = await ScriptedContainer.start(stage);
    container.serveOthers(exchange => answering(200, exchange.target)(exchange));
    const timeouts = { head: 2, body: 2, idle: 2 };
    const running = await up(stage, configFor([container.address], { timeouts }), [
      '--workers',
      '1',
    ]);
    port = running.port;
    const waiting = [...all.entries()];
    const attack = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [number, { bytes }] = next;
        received.set(number, await attacked(bytes));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, attack));
  });

  /** All that the client is told until its connection ends. */
  async function attacked(bytes: Buffer): Promise<string> {
    const client = await RawClient.connect(stage, { port });
    await client.send(bytes);
    await client.closed(30_000);
    return client.received;
  }

  const arrived = (number: number): readonly Message[] =>
    container.requests.filter(({ startLine }) => startLine.includes(outer(number)));

  it('brings the container nothing but whole requests that somebody has sent', () => {
    const whole = container.requests.reduce((sum, { raw }) => sum + raw.length, 0);
    expect(whole, 'bytes outside of requests').to.equal(container.received.length);
    for (const { raw } of container.requests) {
      // However forgiving the server: no line end but CRLF, nothing that ends a line for some.
      const head = raw.slice(0, raw.indexOf('\r\n\r\n') + 4);
      expect(head.replaceAll('\r\n', '')).not.to.match(/[\r\n\0\x0b\x0c]/);
      for (const lenient of [false, true]) {
        const { messages, refused } = llhttpRequests(Buffer.from(raw, 'latin1'), { lenient });
        expect(refused).to.equal(undefined);
        expect(messages, raw).to.have.lengthOf(1);
        expect(messages[0]!.isComplete).to.equal(true);
      }
    }
  });

  it('never lets the hidden request through', () => {
    const through = all.filter((_, number) =>
      container.requests.some(({ startLine }) => startLine.includes(hidden(number))),
    );
    expect(through.map(({ name }) => name)).to.deep.equal([]);
  });

  for (const [number, attack] of all.entries()) {
    it(title(number, attack), () => {
      if (attack.body === undefined) isRefused(number);
      else isOneRequest(number, attack.body);
    });
  }

  function title(number: number, { name, body }: Attack): string {
    return `${number}: ${body === undefined ? 'refuses' : 'passes on'} ${name}`;
  }

  /** Told so once, and closed; of a first request that was in order its answer comes before. */
  function isRefused(number: number): void {
    const answers = received.get(number)!.match(/^HTTP\/1\.1 \d+/gm) ?? [];
    expect(answers.at(-1), received.get(number)).to.match(/ (?:400|413|501|505)$/);
    expect(arrived(number)).to.have.lengthOf(answers.length - 1);
    expect(received.get(number)).not.to.include(hidden(number));
  }

  function isOneRequest(number: number, body: string): void {
    expect(arrived(number)).to.have.lengthOf(1);
    const [request] = arrived(number);
    expect(request!.body.toString('latin1')).to.equal(body);
    expect(valuesOf(request!, 'transfer-encoding')).to.deep.equal([]);
    expect(valuesOf(request!, 'content-length')).to.deep.equal([String(body.length)]);
    expect(received.get(number)!.match(/^HTTP\/1\.1 200/gm)).to.have.lengthOf(1);
  }

  it('leaves no connection to the container behind that gives answers to the wrong ones', async () => {
    const asked = Array.from({ length: 200 }, (_, number) => `/mine-${number}`);
    const answers = await Promise.all(
      asked.map(target => ask(stage, { port }, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)),
    );
    expect(answers.map(statusOf)).to.deep.equal(asked.map(() => 200));
    expect(answers.map(({ body }) => body.toString())).to.deep.equal(asked);
  });
});
