import type { Container } from '../../../src/containers/engine.js';
import type { Surroundings } from '../../../src/containers/place.js';

export const around: Surroundings = { network: undefined, host: '127.0.0.1', own: [] };

/** One that runs, is published at a port of its own, and has no health check. */
export const container = (at: number, about: Partial<Container> = {}): Container => ({
  id: `id-${String(at)}`,
  name: `web-${String(at)}`,
  labels: { 'cutover.version': '2.0', 'cutover.port': '8080' },
  status: 'running',
  exitCode: 0,
  ranOutOfMemory: false,
  health: 'none',
  created: new Date(1_700_000_000_000 + at).toISOString(),
  startedAt: new Date(1_700_000_100_000 + at).toISOString(),
  networkMode: 'bridge',
  addresses: { bridge: `172.17.0.${String(at)}` },
  published: [{ port: 8080, host: '0.0.0.0', hostPort: 9000 + at }],
  stopSignal: 'SIGTERM',
  ...about,
});
