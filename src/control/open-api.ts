/** The OpenAPI 3.1 document of the REST API: printed from the schema that checks the bodies. */
import { z } from 'zod';
import { putBody } from './put-body.js';

const json = (description: string, schema: unknown = {}) => ({
  description,
  content: { 'application/json': { schema } },
});

const error = (description: string) =>
  json(description, {
    type: 'object',
    required: ['error'],
    properties: {
      error: { type: 'string' },
      problems: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            path: { type: 'string' },
            expected: { type: 'string' },
            given: { type: 'string' },
            message: { type: 'string' },
          },
        },
      },
    },
  });

const accepted = json('durable; everybody connected is told within milliseconds', {
  type: 'object',
  required: ['id', 'edition'],
  properties: { id: { type: 'string' }, edition: { type: 'integer' } },
});

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
const notFound = { 404: error('there is no such version') };
const impossible = { 409: error('not possible in the present state') };
const notDurable = { 503: error('the registry cannot be written to; nothing has changed') };

const verb = (summary: string) => ({
  post: {
    summary,
    parameters: [id],
    responses: { 202: accepted, ...notFound, ...impossible, ...notDurable },
  },
});

export const openApi = (release: string): unknown => ({
  openapi: '3.1.0',
  info: { title: 'Cutover', version: release },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/configuration': {
      get: {
        summary: 'how far the newest routing table has spread',
        responses: { 200: json('edition, followers, and how many have it') },
      },
    },
    '/configuration/cluster': {
      get: { summary: 'all versions, newest first', responses: { 200: json('a list') } },
      put: {
        summary: 'adds a version',
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: z.toJSONSchema(putBody, { io: 'input' }) },
          },
        },
        responses: { 202: accepted, 400: error('all problems'), ...notDurable },
      },
    },
    '/configuration/cluster/{id}': {
      parameters: [id],
      get: { summary: 'one version', responses: { 200: json('the version'), ...notFound } },
      delete: {
        summary: 'removes a version',
        responses: { 202: accepted, ...notFound, ...impossible, ...notDurable },
      },
    },
    '/configuration/cluster/{id}/pause': verb('nobody new moves to it'),
    '/configuration/cluster/{id}/resume': verb('goes on; after abort or demotion begins anew'),
    '/configuration/cluster/{id}/promote': verb('everybody moves to it now'),
    '/configuration/cluster/{id}/abort': verb('takes everybody back to the version before'),
    '/healthz': { get: { summary: 'alive', responses: { 200: json('alive') } } },
    '/readyz': {
      get: {
        summary: 'a worker is connected and a version may serve',
        responses: { 200: json('ready'), 503: error('why not') },
      },
    },
  },
});
