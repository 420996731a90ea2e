import { expect } from 'chai';
import { EventSource } from 'eventsource';
import type { Live } from '../../src/control/live.js';
import type { Why } from '../../src/control/why.js';
import * as answers from '../../src/control/answers.js';
import { httpContainer } from '../support/containers.js';
import { RawClient } from '../support/raw-client.js';
import { freePort } from '../support/scripted-container.js';
import type { Stage } from '../support/stage.js';
import { stageForEach } from '../support/stage.js';
import { upgradable, type Upgradable } from '../support/upgradable.js';
import { within } from '../support/within.js';

const SECRET = 'hunter2-4711';

/** A dashboard: all that it was shown. */
class Onlooker {
  readonly seen: Live[] = [];
  /** How often it has been connected. */
  opened = 0;
  #wake: () => void = () => undefined;

  constructor(stage: Stage, url: string) {
    const source = new EventSource(`${url}/live/events`);
    stage.atEnd(() => source.close());
    source.addEventListener('open', () => {
      this.opened += 1;
      this.#wake();
    });
    source.addEventListener('live', ({ data }) => {
      this.seen.push(JSON.parse(String(data)) as Live);
      this.#wake();
    });
  }

  async until(what: string, holds: (live: Live) => boolean, since = 0): Promise<Live> {
    const look = async () => {
      for (;;) {
        const found = this.seen.slice(since).find(holds);
        if (found !== undefined) return found;
        await new Promise<void>(resolve => (this.#wake = resolve));
      }
    };
    return within(20_000, what, look());
  }
}

const stateOf = (live: Live, version: string) =>
  live.versions.find(each => each.version === version)?.state;

describe('what the dashboard is told', () => {
  const stage = stageForEach();

  /** A shop whose prices are a version's own, and whose answers hold secrets. */
  const shop = (price: number) =>
    httpContainer(stage, (request, response) => {
      request.resume();
      const body = { item: 'chair', price, session: { token: SECRET }, apiKey: SECRET };
      response.setHeader('set-cookie', `sid=${SECRET}; Path=/`);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });

  async function asks({ port }: Upgradable, times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      const answer = await fetch(`http://127.0.0.1:${port}/shop/chair?code=${SECRET}`);
      expect(((await answer.json()) as { price: number }).price).to.equal(4);
    }
  }

  it('shows an upgrade and why it was taken back, with the answers that differed and no secret', async () => {
    const at = await upgradable(stage, [await shop(4)]);
    const onlooker = new Onlooker(stage, at.api.url);
    await onlooker.until('it sees version 1.0', live => stateOf(live, '1.0') === 'complete');
    const id = await at.api.upgrade('2.0', [await shop(5)], { mode: 'CONCURRENT' });
    await onlooker.until('it sees the upgrade begin', ({ upgrade }) => upgrade?.id === id);
    await asks(at, 40);
    await at.cutover.logged('version-changed', { where: ({ what }) => what === 'demoted' });
    const live = await onlooker.until(
      'it sees the version taken back',
      each => stateOf(each, '2.0') === 'demoted',
    );
    const { upgrade } = live;
    expect(upgrade?.events.map(({ what }) => what)).to.include.members(['added', 'demoted']);
    expect(upgrade?.points.at(-1)).to.include({ verdict: 'unhealthy', strength: 1 });
    expect(upgrade?.delay.from).not.to.deep.equal([]);

    const { body } = await at.api.call('GET', `/configuration/cluster/${id}/why`);
    expect(answers.why.safeParse(body).error).to.equal(undefined);
    const pairs = (body as Why).examples.answers.flatMap(({ pair }) => pair ?? []);
    expect(pairs.length).to.be.greaterThan(0);
    for (const { where, newer, older } of pairs) {
      expect(where).to.deep.equal(['/price']);
      expect(newer.body).to.contain('"price": 5');
      expect(older.body).to.contain('"price": 4').and.to.contain('"session": "…"');
      expect(newer.fields).to.deep.include(['set-cookie', 'sid=…']);
    }
    for (const shown of [body, live, (await at.api.call('GET', '/live')).body]) {
      expect(JSON.stringify(shown)).not.to.contain('hunter2');
    }
    expect(answers.live.safeParse(live).error).to.equal(undefined);
  });

  it('is told again to who was looking when control was killed', async () => {
    const { port } = await freePort();
    const configService = { ip: '127.0.0.1', port };
    const at = await upgradable(stage, [await shop(4)], { configService });
    const onlooker = new Onlooker(stage, at.api.url);
    await onlooker.until('it sees something', () => true);
    const known = onlooker.seen.length;
    const control = at.cutover.all('role-started').findLast(({ role }) => role === 'control');
    process.kill(control?.pid ?? Number.NaN, 'SIGKILL');
    await at.cutover.logged('role-ended', { where: ({ role }) => role === 'control' });
    await onlooker.until('it sees it again', () => true, known);
    expect(onlooker.opened).to.be.greaterThan(1);
  });

  it('keeps nobody waiting who ends control: streams end with it', async () => {
    const at = await upgradable(stage, [await shop(4)], { timeouts: { drain: 3600 } });
    const client = await RawClient.connect(stage, { port: Number(new URL(at.api.url).port) });
    await client.send('GET /live/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await client.until('event: live\n');
    expect((await at.cutover.stop()).code).to.equal(0);
    expect(at.cutover.all('fault')).to.deep.equal([]);
  });
});
