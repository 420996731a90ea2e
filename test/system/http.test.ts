import { expect } from 'chai';
import { statusOf, valuesOf, type Message } from '../support/http-message.js';
import { configFor, up } from '../support/processes.js';
import { ask, RawClient } from '../support/raw-client.js';
import {
  answering,
  answeringInChunks,
  answeringUntilClose,
  playing,
  playingToTheEnd,
  ScriptedContainer,
  type Exchange,
  type Script,
} from '../support/scripted-container.js';
import { stageForAll, stageForEach } from '../support/stage.js';

const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: app\r\n${fields}\r\n`;
const names = ({ fields }: Message) => fields.map(([name]) => name);
const text = ({ body }: Message) => body.toString('latin1');

describe('system: HTTP through Cutover', () => {
  const whole = stageForAll();
  const stage = stageForEach();
  let container: ScriptedContainer;
  let port: number;

  before(async () => {
    container = await ScriptedContainer.start(whole);
    const limits = { body: 10_000_000 };
    ({ port } = await up(whole, configFor([container.address], { limits }), ['--workers', '1']));
  });

  const connect = () => RawClient.connect(stage, { port });
  const once = (...request: readonly (string | Buffer)[]) => ask(stage, { port }, ...request);
  const arrived = (target: string) =>
    container.requests.filter(({ startLine }) => startLine.split(' ')[1] === target);

  describe('requests', () => {
    it('are answered with status, fields and body of the container', async () => {
      container.serve('/plain', answering(203, 'hello', [['X-From', 'container']]));
      const answer = await once(get('/plain'));
      expect(statusOf(answer)).to.equal(203);
      expect(valuesOf(answer, 'x-from')).to.deep.equal(['container']);
      expect(text(answer)).to.equal('hello');
    });

    it('are understood byte by byte', async () => {
      container.serve('/pieces', answering(200, 'whole'));
      const request = 'POST /pieces HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\nbody';
      expect(text(await once(...Array.from(request)))).to.equal('whole');
      expect(arrived('/pieces').map(text)).to.deep.equal(['body']);
    });

    it('keep a body with a length', async () => {
      container.serve('/length', answering(200));
      await once('POST /length HTTP/1.1\r\nHost: app\r\nContent-Length: 5\r\n\r\n\0\r\nab');
      expect(arrived('/length').map(text)).to.deep.equal(['\0\r\nab']);
    });

    it('keep a body of any length, also one that is spooled to a file', async () => {
      container.serve('/large', answering(200));
      const body = Buffer.alloc(3_000_000, 'abcdefg');
      await once(
        `POST /large HTTP/1.1\r\nHost: app\r\nContent-Length: ${body.length}\r\n\r\n`,
        body,
      );
      expect(arrived('/large')[0]?.body.equals(body)).to.be.true;
    });

    it('keep a body in chunks, with its trailers', async () => {
      container.serve('/chunks', answering(200));
      await once(
        'POST /chunks HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n',
        '4;ext=1\r\nwiki\r\n6;e="a;b"\r\npedia \r\n0\r\nX-Sum: 10\r\n\r\n',
      );
      const [request] = arrived('/chunks');
      expect(text(request!)).to.equal('wikipedia ');
      expect(request?.trailers).to.deep.equal([['X-Sum', '10']]);
    });

    it('follow each other on one connection, and share one to the container', async () => {
      container.serve('/follow', answering(200, 'again'));
      const client = await connect();
      await client.send(get('/follow'));
      await client.answer();
      const before = container.connections;
      for (let times = 0; times < 3; times += 1) {
        await client.send(get('/follow'));
        expect(text(await client.answer())).to.equal('again');
      }
      expect(container.connections).to.equal(before);
    });

    it('may be pipelined: answers come in order, whichever is ready first', async () => {
      container.serve('/second', answering(200, 'second')).serve('/third', answering(200, 'third'));
      container.serve('/first', async exchange => {
        await exchange.whole;
        released = exchange;
      });
      let released: Exchange | undefined;
      const client = await connect();
      const asked = container.asked('/first');
      await client.send(get('/first') + get('/second') + get('/third'));
      await asked;
      expect(client.received).to.equal('');
      await answering(200, 'first')(released!);
      const answers = [await client.answer(), await client.answer(), await client.answer()];
      expect(answers.map(text)).to.deep.equal(['first', 'second', 'third']);
    });

    it('for HEAD get the fields without the body, and the connection goes on', async () => {
      container.serve('/head', playing('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'));
      container.serve('/after', answering(200, 'after'));
      const client = await connect();
      await client.send('HEAD /head HTTP/1.1\r\nHost: app\r\n\r\n', get('/after'));
      const answer = await client.answer({ toHead: true });
      expect(valuesOf(answer, 'content-length')).to.deep.equal(['1000']);
      expect(text(await client.answer())).to.equal('after');
    });

    it('in absolute-form reach the container in origin-form, with the host of the target', async () => {
      container.serve('/abs?q=1', answering(200));
      await once('GET http://real.test:81/abs?q=1 HTTP/1.1\r\nHost: wrong\r\n\r\n');
      const [request] = arrived('/abs?q=1');
      expect(request?.startLine).to.equal('GET /abs?q=1 HTTP/1.1');
      expect(valuesOf(request!, 'host')).to.deep.equal(['real.test:81']);
    });

    it('in asterisk-form reach the container as they are', async () => {
      container.serve('*', answering(200, '', [['Allow', 'GET']]));
      expect(
        valuesOf(await once('OPTIONS * HTTP/1.1\r\nHost: app\r\n\r\n'), 'allow'),
      ).to.deep.equal(['GET']);
      expect(arrived('*').map(({ startLine }) => startLine)).to.deep.equal(['OPTIONS * HTTP/1.1']);
    });

    it('with Expect: 100-continue are asked for their body, and the container gets it', async () => {
      container.serve('/expect', answering(200, 'thanks'));
      const client = await connect();
      await client.send(
        'POST /expect HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
      );
      expect(statusOf(await client.answer())).to.equal(100);
      expect(container.times('/expect')).to.equal(0);
      await client.send('body');
      expect(text(await client.answer())).to.equal('thanks');
      expect(arrived('/expect').map(text)).to.deep.equal(['body']);
    });

    it('with Expect and too large a body are refused before they send it', async () => {
      const client = await connect();
      await client.send(
        'POST /expect-large HTTP/1.1\r\nHost: app\r\nExpect: 100-continue\r\nContent-Length: 10000001\r\n\r\n',
      );
      expect(statusOf(await client.answer())).to.equal(413);
      await client.closed();
      expect(container.times('/expect-large')).to.equal(0);
    });

    it('are answered early by a container that reads no further', async () => {
      container.serve('/early', ({ socket, write }) => {
        socket.pause();
        write('HTTP/1.1 403 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
      });
      container.serve('/next', answering(200, 'next'));
      const client = await connect();
      await client.send(
        'POST /early HTTP/1.1\r\nHost: app\r\nContent-Length: 9000000\r\n\r\n',
        Buffer.alloc(9_000_000),
      );
      const answer = await client.answer();
      expect(statusOf(answer)).to.equal(403);
      expect(text(answer)).to.equal('no');
      await client.send(get('/next'));
      expect(text(await client.answer())).to.equal('next');
    });
  });

  describe('fields', () => {
    it('of requests keep order and spelling; hop-by-hop ones end here', async () => {
      container.serve('/fields', answering(200));
      await once(
        get(
          '/fields',
          'zEbRa: 1\r\nX-Mine: a\r\nConnection: X-Private, close\r\nX-Private: 1\r\nKeep-Alive: 5\r\n' +
            'Proxy-Connection: x\r\nTE: trailers\r\nAccept: b\r\nX-Mine: c\r\nCookie: k=v; l=w\r\n',
        ),
      );
      const [request] = arrived('/fields');
      const own = /^(via|x-forwarded-(for|proto|host)|connection|x-request-id|traceparent)$/i;
      const kept = request!.fields.filter(([name]) => !own.test(name));
      expect(kept).to.deep.equal([
        ['Host', 'app'],
        ['zEbRa', '1'],
        ['X-Mine', 'a'],
        ['Accept', 'b'],
        ['X-Mine', 'c'],
        ['Cookie', 'k=v; l=w'],
      ]);
      expect(valuesOf(request!, 'connection').join()).not.to.include('X-Private');
    });

    it('tell the container who forwards, and for whom', async () => {
      container.serve('/via', answering(200));
      await once(
        get('/via', 'Via: 1.0 edge\r\nX-Forwarded-Host: forged\r\nX-Forwarded-Proto: gopher\r\n'),
      );
      const [request] = arrived('/via');
      expect(valuesOf(request!, 'via').join(', ')).to.match(/^1\.0 edge, 1\.1 \S+$/);
      expect(valuesOf(request!, 'x-forwarded-proto')).to.deep.equal(['http']);
      expect(valuesOf(request!, 'x-forwarded-host')).to.deep.equal(['app']);
    });

    it('never let a client forge its address', async () => {
      container.serve('/forged', answering(200));
      await once(get('/forged', 'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 6.6.6.7\r\n'));
      expect(valuesOf(arrived('/forged')[0]!, 'x-forwarded-for').join()).not.to.include('6.6.6');
    });

    it('of answers keep order and spelling; hop-by-hop ones end here', async () => {
      container.serve(
        '/answer-fields',
        answering(200, 'x', [
          ['sErVeR', 'scripted'],
          ['Set-Cookie', 'a=1'],
          ['Connection', 'X-Hop'],
          ['X-Hop', '1'],
          ['Keep-Alive', 'timeout=5'],
          ['Set-Cookie', 'b=2'],
        ]),
      );
      const answer = await once(get('/answer-fields'));
      const between = names(answer).filter(name => /server|set-cookie|content-length/i.test(name));
      expect(between).to.deep.equal(['sErVeR', 'Set-Cookie', 'Set-Cookie', 'Content-Length']);
      expect(names(answer)).not.to.include.members(['X-Hop']).and.not.include('Keep-Alive');
      expect(valuesOf(answer, 'set-cookie')).to.deep.equal(['a=1', 'b=2']);
    });
  });

  describe('answers', () => {
    const rows: readonly [what: string, script: Script, body: string][] = [
      ['with a length', answering(200, 'of known length'), 'of known length'],
      ['in chunks', answeringInChunks(['one ', 'two ', 'three']), 'one two three'],
      ['until the connection closes', answeringUntilClose('until the end'), 'until the end'],
      [
        'of HTTP/1.0',
        playingToTheEnd('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nas it was'),
        'as it was',
      ],
      ['with an empty body', answering(200), ''],
    ];
    for (const [index, [what, script, body]] of rows.entries()) {
      it(`${what} arrive whole, and the connection goes on`, async () => {
        container.serve(`/answer-${index}`, script);
        const client = await connect();
        for (let times = 0; times < 2; times += 1) {
          await client.send(get(`/answer-${index}`));
          const answer = await client.answer();
          expect(answer.startLine).to.match(/^HTTP\/1\.1 200 /);
          expect(text(answer)).to.equal(body);
        }
      });
    }

    it('keep their trailers', async () => {
      container.serve('/trailers', answeringInChunks(['a', 'b'], [['X-Sum', '2']]));
      const answer = await once(get('/trailers', 'TE: trailers\r\n'));
      expect(text(answer)).to.equal('ab');
      expect(answer.trailers).to.deep.equal([['X-Sum', '2']]);
    });

    for (const status of [204, 304]) {
      it(`with ${status} have no body, and the connection goes on`, async () => {
        container.serve(`/${status}`, playing(`HTTP/1.1 ${status} X\r\nETag: "e"\r\n\r\n`));
        const client = await connect();
        await client.send(get(`/${status}`) + get(`/${status}`));
        for (let times = 0; times < 2; times += 1) {
          const answer = await client.answer();
          expect(statusOf(answer)).to.equal(status);
          expect(valuesOf(answer, 'etag')).to.deep.equal(['"e"']);
          expect(valuesOf(answer, 'transfer-encoding')).to.be.empty;
        }
      });
    }

    it('are preceded by early hints, if the container gives some', async () => {
      container.serve(
        '/hints',
        playing(
          'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n',
          'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody',
        ),
      );
      const client = await connect();
      await client.send(get('/hints'));
      const hints = await client.answer();
      expect(statusOf(hints)).to.equal(103);
      expect(valuesOf(hints, 'link')).to.deep.equal(['</style.css>; rel=preload']);
      expect(text(await client.answer())).to.equal('body');
    });
  });

  it('keeps the 100 of a container to itself: the body has come already', async () => {
    container.serve(
      '/100',
      playing('HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    );
    const answer = await once('PUT /100 HTTP/1.1\r\nHost: app\r\nContent-Length: 1\r\n\r\nx');
    expect(statusOf(answer)).to.equal(200);
  });

  describe('clients of HTTP/1.0', () => {
    it('get one answer, and the connection closes', async () => {
      container.serve('/old', answering(200, 'old'));
      const client = await connect();
      await client.send('GET /old HTTP/1.0\r\n\r\n');
      const answer = await client.answer();
      expect(text(answer)).to.equal('old');
      await client.closed();
      expect(arrived('/old')[0]?.startLine).to.equal('GET /old HTTP/1.1');
    });

    it('keep the connection if they ask for it', async () => {
      container.serve('/old-keep', answering(200, 'old'));
      const client = await connect();
      for (let times = 0; times < 2; times += 1) {
        await client.send('GET /old-keep HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
        const answer = await client.answer();
        expect(text(answer)).to.equal('old');
        expect(valuesOf(answer, 'connection').join().toLowerCase()).to.include('keep-alive');
      }
    });

    it('get an answer in chunks without the chunks', async () => {
      container.serve('/old-chunks', answeringInChunks(['one ', 'two']));
      const client = await connect();
      await client.send('GET /old-chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
      const answer = await client.answer();
      expect(valuesOf(answer, 'transfer-encoding')).to.be.empty;
      expect(text(answer)).to.equal('one two');
      await client.closed();
    });

    it('get no early hints', async () => {
      container.serve(
        '/old-hints',
        playing(
          'HTTP/1.1 103 Early Hints\r\n\r\n',
          'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
        ),
      );
      expect(statusOf(await once('GET /old-hints HTTP/1.0\r\n\r\n'))).to.equal(200);
    });
  });

  it('closes the connection after the answer if the client asks for it', async () => {
    container.serve('/close', answering(200, 'bye'));
    const client = await connect();
    await client.send(get('/close', 'Connection: close\r\n'));
    const answer = await client.answer();
    expect(text(answer)).to.equal('bye');
    expect(valuesOf(answer, 'connection')).to.deep.equal(['close']);
    await client.closed();
  });
});
