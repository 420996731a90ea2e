import { expect } from 'chai';
import { fastify, type FastifyInstance } from 'fastify';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { servePages } from '../../../../src/control/live/pages.js';
import { restApi, type RestHost } from '../../../../src/control/rest.js';
import { stageForEach } from '../../../support/stage.js';

describe("the dashboard's files", () => {
  const stage = stageForEach();

  async function served(files: Readonly<Record<string, string>>): Promise<FastifyInstance> {
    const outside = await stage.folder();
    const root = join(outside, 'dashboard');
    for (const [name, content] of Object.entries({ '../secret.json': '{"key":1}', ...files })) {
      await mkdir(join(root, name, '..'), { recursive: true });
      await writeFile(join(root, name), content);
    }
    const app = fastify();
    servePages(app, root);
    stage.atEnd(() => app.close());
    return app;
  }

  const built = {
    'index.html': '<!doctype html><title>Cutover</title>',
    'assets/page-abc123.js': 'export {};',
    'api/index.html': '<!doctype html><title>API</title>',
    '.hidden': 'x',
  };

  it('are served as what they are, with headers that let nothing in from elsewhere', async () => {
    const app = await served(built);
    const page = await app.inject('/dashboard/');
    expect([page.statusCode, page.body]).to.deep.equal([200, built['index.html']]);
    expect(page.headers).to.include({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    const policy = String(page.headers['content-security-policy']).split('; ');
    expect(policy).to.include.members([
      "default-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
    expect(policy.join()).not.to.match(/unsafe-eval|\*|https?:/);
  });

  it('are kept by browsers where their names tell their content, and asked for anew elsewhere', async () => {
    const app = await served(built);
    const script = await app.inject('/dashboard/assets/page-abc123.js');
    expect(script.headers['content-type']).to.match(/^(text|application)\/javascript/);
    expect(script.headers['cache-control']).to.equal('public, max-age=31536000, immutable');
    const { etag } = (await app.inject('/dashboard/')).headers;
    const again = await app.inject({
      url: '/dashboard/',
      headers: { 'if-none-match': String(etag) },
    });
    expect(again.statusCode).to.equal(304);
  });

  for (const [from, to] of [
    ['/', '/dashboard/'],
    ['/dashboard', '/dashboard/'],
    ['/docs', '/dashboard/api/'],
  ] as const) {
    it(`are found from ${from}, also behind a proxy that has a path of its own for them`, async () => {
      const app = await served(built);
      const answer = await app.inject(from);
      expect(answer.statusCode).to.equal(302);
      const { location } = answer.headers;
      expect(new URL(String(location), `http://here${from}`).pathname).to.equal(to);
      const under = new URL(String(location), `http://here/under${from}`).pathname;
      expect(under).to.equal(`/under${to}`);
      expect((await app.inject(to)).statusCode).to.equal(200);
    });
  }

  for (const path of [
    '/dashboard/../../secret.json',
    '/dashboard/..%2f..%2fsecret.json',
    '/dashboard/%2e%2e/secret.json',
    '/dashboard/..%5csecret.json',
    '/dashboard/assets/..%2f..%2fsecret.json',
    '/dashboard//etc/passwd',
    '/dashboard/.hidden',
    '/dashboard/nothing.js',
    '/dashboard/assets/',
    '/dashboard/index.html%00.js',
  ]) {
    it(`are all that is served: not ${path}`, async () => {
      const app = await served(built);
      const answer = await app.inject(path);
      expect(answer.statusCode).to.be.within(400, 404);
      expect(answer.body).not.to.contain('key"');
    });
  }

  it('say how they are made where they were not', async () => {
    const app = await served({});
    const answer = await app.inject('/dashboard/');
    expect(answer.statusCode).to.equal(404);
    expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8');
    expect(answer.body).to.contain('npm run build');
  });

  it('need no token, and take no other method than those that read', async () => {
    const app = await served(built);
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      const answer = await app.inject({ method, url: '/dashboard/index.html' });
      expect(answer.statusCode, method).to.equal(404);
    }
    expect((await app.inject({ method: 'HEAD', url: '/dashboard/' })).statusCode).to.equal(200);
  });
});

describe('pages that were served from here', () => {
  /** Only what is asked for here. */
  const host = { rotate: () => Promise.resolve({ kind: 'impossible', because: 'no' }) };
  const url = '/configuration/keys/rotate';
  const TOKEN = 'a-token-of-16-characters';

  const ask = async (token: string | undefined, headers: Readonly<Record<string, string>>) => {
    const app = restApi(host as unknown as RestHost, token);
    const { statusCode } = await app.inject({ method: 'POST', url, headers });
    await app.close();
    return statusCode;
  };

  it('may use the API by address where there is no token', async () => {
    const to = (name: string) => ({ host: name, origin: `http://${name}` });
    expect(await ask(undefined, to('127.0.0.1:9090'))).to.equal(409);
    expect(await ask(undefined, to('[::1]:9090'))).to.equal(409);
    expect(await ask(undefined, to('cutover.internal:9090'))).to.equal(403);
  });

  it('may use it by any name where they bring the token', async () => {
    const authorization = `Bearer ${TOKEN}`;
    const from = { host: 'cutover.internal', origin: 'https://cutover.internal' };
    expect(await ask(TOKEN, { ...from, authorization })).to.equal(409);
    expect(await ask(TOKEN, from)).to.equal(401);
    expect(await ask(TOKEN, { ...from, origin: 'https://evil.example', authorization })).to.equal(
      403,
    );
  });
});
