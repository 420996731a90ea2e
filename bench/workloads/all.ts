/** Every workload, in the order in which they run. */
import type { Contender } from '../contenders/contender.js';
import { cutover, cutoverInUpgrade, cutoverWithWorkers } from '../contenders/cutover.js';
import { direct } from '../contenders/direct.js';
import { limit } from '../contenders/limit.js';
import { fastifyHttpProxy, httpProxy3 } from '../contenders/node-proxies.js';
import { caddy, haproxy, nginx } from '../contenders/servers.js';
import type { Ask } from '../load/ask.js';
import { MIB, usual } from './asks.js';
import { idle } from './idle.js';
import { latency } from './latency.js';
import { recovery } from './recovery.js';
import { saturation } from './saturation.js';
import { throughput } from './throughput.js';
import { updateSpeed } from './update-speed.js';
import type { Workload } from './workload.js';

const proxies: readonly Contender[] = [
  cutover,
  nginx,
  haproxy,
  caddy,
  httpProxy3,
  fastifyHttpProxy,
];

const peers: readonly Contender[] = [direct, ...proxies];

/** All that a machine may lack. */
export const contenders: readonly Contender[] = [...peers, limit];

const upload: Ask = { ...usual, path: '/upload', connections: 8, upload: MIB };

const strategies = (['INSTANT', 'SESSION', 'GRADUAL', 'CONCURRENT'] as const).map(cutoverInUpgrade);

const asked: readonly (readonly [string, string, Ask, readonly Contender[]])[] = [
  ['small', 'small answers, 64 kept connections', usual, contenders],
  ['small-1', 'small answers, 1 kept connection', { ...usual, connections: 1 }, contenders],
  ['small-512', 'small answers, 512 kept connections', { ...usual, connections: 512 }, peers],
  ['one-shot', 'one request per connection', { ...usual, isOneShot: true }, peers],
  [
    'browser-4k',
    'browser requests, 4 KiB answers',
    { ...usual, path: '/4096', isBrowser: true },
    peers,
  ],
  [
    'browser-10k',
    'browser requests, 10 KiB answers',
    { ...usual, path: '/10240', isBrowser: true },
    peers,
  ],
  ['answer-1m', 'answers of 1 MiB', { ...usual, path: `/${MIB}`, connections: 8 }, peers],
  [
    'answer-100m',
    'an answer of 100 MiB at a time',
    { ...usual, path: `/${100 * MIB}`, connections: 1 },
    peers,
  ],
  ['upload-1m', 'uploads of 1 MiB', upload, peers],
  [
    'workers',
    '1, 2 and 4 workers, small answers',
    usual,
    [cutover, cutoverWithWorkers(2), cutoverWithWorkers(4)],
  ],
  ['strategies', 'in the middle of an upgrade, small answers', usual, strategies],
];

export const workloads: readonly Workload[] = [
  ...asked.map(([name, title, ask, who]) => throughput(name, title, ask, who)),
  latency('latency', 'delay at 1,000 requests/s', peers),
  idle('idle', 'memory for 5,000 idle connections', proxies),
  updateSpeed,
  recovery,
  saturation,
];
