/**
 * The dashboard's files, as the build left them. They hold no data, so they are for everybody who can connect:
 * the page asks the API, and for the token where there is one.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** dist/src/control/live → dist/dashboard. */
export const builtPages = fileURLToPath(new URL('../../../dashboard/', import.meta.url));

/** Nothing from elsewhere, no frame around it, and no script or style but ours. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const guards = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Names of files in `assets/` hold a digest of their content: they never change. */
const FOREVER = 'public, max-age=31536000, immutable';
/** The others are asked for anew, and not sent again if they are the same. */
const REVALIDATED = 'no-cache';

/** Without the build, says how to make it. */
export function servePages(app: FastifyInstance, root: string): void {
  app.get('/', (_, reply) => elsewhere(reply, 'dashboard/'));
  app.get('/docs', (_, reply) => elsewhere(reply, 'dashboard/api/'));
  app.get('/dashboard', (_, reply) => elsewhere(reply, 'dashboard/'));
  app.register((inner, _, done) => {
    inner.addHook('onRequest', (__, reply, next) => {
      reply.headers(guards);
      next();
    });
    if (existsSync(join(root, 'index.html'))) serveFiles(inner, root);
    else inner.get('/dashboard/*', (__, reply) => missing(reply));
    done();
  });
}

function serveFiles(app: FastifyInstance, root: string): void {
  const assets = join(root, 'assets/');
  app.register(fastifyStatic, {
    root,
    prefix: '/dashboard/',
    decorateReply: false,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (response, path) => {
      response.setHeader('cache-control', path.startsWith(assets) ? FOREVER : REVALIDATED);
    },
  });
}

/** Relative, so that it holds behind a proxy that has put us under a path of its own. */
const elsewhere = (reply: FastifyReply, to: string) =>
  reply.code(302).header('location', to).send();

const missing = (reply: FastifyReply) =>
  reply
    .code(404)
    .type('text/plain; charset=utf-8')
    .send(
      'The dashboard was not built: npm run build makes it. The API is here: see /openapi.json\n',
    );
