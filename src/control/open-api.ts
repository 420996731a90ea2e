/** The OpenAPI 3.1 document of the REST API: printed from schemas, that of the body from the one that checks it. */
import { z } from 'zod';
import * as answers from './answers.js';
import { putBody } from './put-body.js';

const content = (schema: z.ZodType) => ({
  'application/json': { schema: z.toJSONSchema(schema, { io: 'input' }) },
});
const json = (description: string, schema: z.ZodType) => ({
  description,
  content: content(schema),
});
const error = (description: string) => json(description, answers.error);

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
const durable = 'durable; everybody connected is told within milliseconds';
const accepted = { 202: json(durable, answers.accepted) };
const notFound = { 404: error('there is no such version') };
const impossible = { 409: error('not possible in the present state') };
const notDurable = { 503: error('the registry cannot be written to; nothing has changed') };
const notAllowed = {
  401: error('a bearer token is needed'),
  403: error('pages from elsewhere may not use this API'),
};

/** Of calls that anybody may make. */
const open = (summary: string, responses: object) => ({ summary, responses, security: [] });
/** Of calls that need the token where one is configured. */
const guarded = (summary: string, responses: object) => ({
  summary,
  responses: { ...responses, ...notAllowed },
});

const changes = { ...accepted, ...notFound, ...impossible, ...notDurable };
const verb = (summary: string) => ({ parameters: [id], post: guarded(summary, changes) });

const clusters = {
  get: guarded('all versions', { 200: json('newest first', z.array(answers.version)) }),
  put: {
    ...guarded('adds a version; of containers, once they are ready', {
      ...accepted,
      400: error('all problems'),
      502: error('the containers did not become ready, and were removed'),
      ...notDurable,
    }),
    requestBody: { required: true, content: content(putBody) },
  },
};

const oneCluster = {
  parameters: [id],
  get: guarded('one version', { 200: json('the version', answers.version), ...notFound }),
  delete: guarded('removes a version', changes),
};

const why = {
  parameters: [id],
  get: guarded('what control concluded about a version, and from what', {
    200: json('verdict, numbers and examples', answers.why),
    404: error('there is no such version, or nothing is known of it yet'),
  }),
};

const rotate = guarded(
  'makes a new key that signs session cookies; older ones are still believed',
  {
    202: json(durable, answers.rotated),
    ...notDurable,
  },
);

const live = guarded('what the dashboard shows', { 200: json('as of now', answers.live) });

const liveEvents = guarded('what the dashboard shows, as server-sent events', {
  200: {
    description:
      'an event `live` with the whole of `GET /live`, whenever it has changed, once a second at most',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  },
  503: error('as many look as may'),
});

const metrics = guarded('for Prometheus', {
  200: {
    description: 'its text format 0.0.4',
    content: { 'text/plain': { schema: { type: 'string' } } },
  },
});

export const openApi = (release: string): unknown => ({
  openapi: '3.1.0',
  info: { title: 'Cutover', version: release },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  // Or none: a token is needed only where one is configured.
  security: [{ token: [] }, {}],
  paths: {
    '/configuration': {
      get: guarded('how far the newest routing table has spread', {
        200: json('followers, and how many of them have it', answers.spread),
      }),
    },
    '/configuration/cluster': clusters,
    '/configuration/cluster/{id}': oneCluster,
    '/configuration/cluster/{id}/why': why,
    '/configuration/cluster/{id}/pause': verb('nobody new moves to it'),
    '/configuration/cluster/{id}/resume': verb('goes on; after abort or demotion begins anew'),
    '/configuration/cluster/{id}/promote': verb('everybody moves to it now'),
    '/configuration/cluster/{id}/abort': verb('takes everybody back to the version before'),
    '/configuration/keys/rotate': { post: rotate },
    '/events': {
      get: guarded('what happened to versions', {
        200: json('the last hundred, oldest first', z.array(answers.event)),
      }),
    },
    '/live': { get: live },
    '/live/events': { get: liveEvents },
    '/metrics': { get: metrics },
    '/healthz': { get: open('alive', { 200: json('alive', answers.alive) }) },
    '/readyz': {
      get: open('a worker is connected and a version may serve', {
        200: json('ready', answers.ready),
        503: error('why not'),
      }),
    },
    '/openapi.json': {
      get: open('this document', { 200: json('OpenAPI 3.1', z.looseObject({})) }),
    },
  },
});
