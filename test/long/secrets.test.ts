import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeKeyFile } from '../../src/security/key-file.js';
import { commandOf } from '../support/process-facts.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { configFor, CutoverProcess, homeFor, portOf } from '../support/processes.js';
import { RawClient } from '../support/raw-client.js';
import {
  answering,
  freePort,
  playing,
  playingToTheEnd,
  ScriptedContainer,
  type Script,
} from '../support/scripted-container.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

/** Is in everything secret here, followed by the place from which it came. */
const MARK = 'sEcReT-5eCr3t-';

/** Requests whose secrets stand where clients and attackers put them. The first ones are good. */
const requests: readonly string[] = [
  `GET /query?token=${MARK}query HTTP/1.1\r\nHost: app\r\n\r\n`,
  `GET /fields HTTP/1.1\r\nHost: app\r\nAuthorization: Basic ${MARK}basic\r\nCookie: sid=${MARK}cookie; cutover=${MARK}forged\r\nX-Api-Key: ${MARK}field\r\nReferer: https://user:${MARK}referer@app/?${MARK}referer\r\nX-Request-Id: ${MARK}{id}\r\n\r\n`,
  `GET http://user:${MARK}userinfo@app/absolute?a=${MARK}absolute HTTP/1.1\r\nHost: app\r\n\r\n`,
  `POST /body HTTP/1.1\r\nHost: app\r\nContent-Length: 23\r\n\r\n${MARK}body12345`,
  // What is refused: the reason is logged.
  `GET / HTTP/1.1\r\nHost: user:${MARK}host@app\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nAuthorization : ${MARK}blank\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nCookie ${MARK}no-colon\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nCookie: ${MARK}\0zero\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nCookie: a\r\n ${MARK}folded\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nContent-Length: ${MARK}length\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: ${MARK}coding\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nExpect: ${MARK}expectation\r\n\r\n`,
  `GET /?${MARK}version HTTP/9.9\r\nHost: app\r\n\r\n`,
  `GET /?${MARK} blank HTTP/1.1\r\nHost: app\r\n\r\n`,
  `${MARK}nonsense\r\n\r\n`,
  `POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n${MARK}chunk\r\n`,
  `POST / HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n1;${MARK}\x01extension\r\nx\r\n`,
  `CONNECT ${MARK}connect:443 HTTP/1.1\r\nHost: app\r\n\r\n`,
  `GET /${'x'.repeat(9000)}?${MARK}long HTTP/1.1\r\nHost: app\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: app\r\nCookie: ${MARK}${'x'.repeat(40_000)}\r\n\r\n`,
];

/** How a container fails that has secrets in its answers. */
const failures: readonly Script[] = [
  answering(500, `${MARK}body of a failure`, [['Set-Cookie', `${MARK}set-cookie`]]),
  playingToTheEnd(`HTTP/1.1 200 OK\r\nSet-Cookie ${MARK}malformed\r\n\r\n`),
  playingToTheEnd(`HTTP/1.1 200 OK\r\nContent-Length: ${MARK}length\r\n\r\n`),
  playingToTheEnd(`HTTP/1.1 ${MARK}status\r\n\r\n`),
  playingToTheEnd(`${MARK}garbage\r\n\r\n`),
  playingToTheEnd(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${MARK}coding\r\n\r\n`),
  playing(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${MARK}chunk\r\n`),
  playingToTheEnd(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${MARK}cut off`),
];

const base64 = () => Buffer.from(`${MARK}${randomBytes(32).toString('hex')}`).toString('base64');

describe('system: secrets', () => {
  const stage = stageForEach();

  it('appear in no log, no error, no metric, and in nothing that `why` tells', async () => {
    const folder = await stage.folder();
    const key = join(folder, 'key');
    await writeKeyFile(key);
    const { secretKey } = JSON.parse(await readFile(key, 'utf8')) as { secretKey: string };
    const token = `${MARK}token-${randomBytes(8).toString('hex')}`;
    const keys = [base64(), base64()];
    const secrets = [MARK, secretKey, ...keys, ...keys.map(each => each.slice(0, 24))];

    const [stable, broken] = [
      await ScriptedContainer.start(stage),
      await ScriptedContainer.start(stage),
    ];
    stable.serveOthers(answering(200, `${MARK}answer`, [['Set-Cookie', `a=${MARK}answer`]]));
    let failed = 0;
    broken.serveOthers(exchange => failures[failed++ % failures.length]?.(exchange));

    const collector = await OtlpReceiver.start(stage);
    const address = async () => {
      const { ip, port } = await freePort();
      return `tcp://${ip}:${port}`;
    };
    const config = configFor([stable.address], {
      configService: { ip: '127.0.0.1', port: (await freePort()).port, token },
      registry: { file: join(folder, 'registry.json') },
      session: { keys },
      security: { key },
      device: { frontends: [await address()], control: await address() },
      log: { level: 'trace' },
      accessLog: { file: '-' },
      telemetry: { otlp: { endpoint: collector.endpoint } },
      monitor: { policy: 'alert' }, // so that it goes on failing
    });
    const home = await homeFor(stage, config);
    const cutover = new CutoverProcess(stage, ['up', '-c', home.file], home);
    const { address: listening } = await cutover.logged('supervisor-ready');
    for (const name of ['worker-1', 'worker-2']) {
      await cutover.logged('follower-joined', { where: each => each.name === name });
    }
    const port = portOf(listening);
    const { address: service } = await cutover.logged('control-listening');
    const said: string[] = [];

    const rest = async (path: string, bearer = token, body?: string) => {
      const answer = await fetch(`http://${service}${path}`, {
        headers: { authorization: `Bearer ${bearer}` },
        ...(body !== undefined && { method: 'PUT', body }),
      });
      const text = await answer.text();
      said.push(text);
      return { status: answer.status, text };
    };
    const cli = async (...args: readonly string[]) => {
      const [verb = '', ...others] = args;
      const process = new CutoverProcess(stage, [verb, ...others, '-c', home.file], home);
      await process.ended();
      said.push(process.output, process.errors, JSON.stringify(process.lines));
    };
    const deploy = (version: string, { address: server }: ScriptedContainer) =>
      rest(
        '/configuration/cluster',
        token,
        JSON.stringify({ cluster: { servers: [server], version } }),
      );
    const throwAll = async () => {
      for (const request of requests) {
        const client = await RawClient.connect(stage, { port });
        await client.send(request);
        await client.answer();
        client.socket.destroy();
      }
    };

    await throwAll();
    expect(stable.received).to.include(`${MARK}basic`); // they do get where they belong
    const { text } = await deploy('2.0', broken);
    const { id } = JSON.parse(text) as { id: string };
    await cutover.logged('version-changed', { where: ({ version }) => version === '2.0' });
    for (const good of failures.map(() => requests.slice(0, 4))) {
      for (const request of good) {
        const client = await RawClient.connect(stage, { port });
        await client.send(request);
        await client.answer().catch(() => undefined); // cut off, where the container's was
        client.socket.destroy();
      }
    }
    await eventually('there is something to tell', async () => {
      const { status, text: why } = await rest(`/configuration/cluster/${id}/why`);
      return status === 200 && why.includes('/query?…');
    });

    // Operators who mistype.
    expect(await rest('/events', `${MARK}wrong`)).to.have.property('status', 401);
    const mistyped = { cluster: { servers: [{ ip: `user:${MARK}@host`, port: 1 }] }, token };
    await rest('/configuration/cluster', token, JSON.stringify(mistyped));
    await rest('/configuration/cluster', token, `{"token":'${token}`);
    await rest(`/configuration/cluster/${MARK}id`.replace(MARK, 'no-'));
    for (const path of ['/metrics', '/events', '/configuration', '/configuration/cluster']) {
      expect(await rest(path)).to.have.property('status', 200);
    }
    for (const args of [['check'], ['check', '--json'], ['status'], ['events'], ['why', id]]) {
      await cli(...args);
    }

    // Configurations that are wrong, while it runs.
    const refused = async (text: unknown) => {
      const since = cutover.lines.length;
      await home.write(text);
      cutover.signal('SIGHUP');
      await cutover.logged('reload-refused', { since });
      await cli('check', '--json'); // with all that it says to people, and more
    };
    await refused(JSON.stringify(config).replace(`"${token}"`, `'${token}'`));
    await refused({ ...config, token });
    await refused({ ...config, session: { keys: [...keys, MARK] } });
    await chmod(key, 0o644);
    await refused(config);
    await chmod(key, 0o600);
    await writeFile(key, secretKey);
    await refused(config);

    const pids = cutover.all('role-started').map(({ pid }) => pid);
    for (const pid of [cutover.pid, ...pids]) said.push(await commandOf(pid));
    await cutover.stop();
    said.push(cutover.output, cutover.errors, ...cutover.lines.map(line => JSON.stringify(line)));

    said.push(JSON.stringify(collector.spans));

    // The test would be blind without what is logged of all this.
    for (const event of ['request-refused', 'exchange-failed', 'reload-refused'] as const) {
      expect(cutover.all(event), event).not.to.deep.equal([]);
    }
    expect(cutover.output).to.include('"target":"/query?"');
    expect(collector.spans.length).to.be.greaterThan(20);
    const shown = said.flatMap(each => each.split('\n'));
    expect(shown.length).to.be.greaterThan(100);
    const leaks = shown.filter(line => secrets.some(secret => line.includes(secret)));
    expect(leaks).to.deep.equal([]);
  });
});
