import { versionId } from '../../../src/kernel/ids.js';
import type { Policy } from '../../../src/verdict/policy.js';
import { added, newTally, type OwnTally, type Tally } from '../../../src/verdict/tally.js';
import type { Observation } from '../../../src/wire/observation.js';

export const policy: Policy = {
  minimumSample: 30,
  falseAlarms: 0.05,
  tolerance: 0.01,
  slower: 2,
  larger: 2,
  mostFailures: 0.5,
};

export const ok: Observation = {
  version: versionId('v'),
  server: '127.0.0.1:9101',
  route: 'GET /shop',
  outcome: 'ok',
  code: undefined,
  status: 200,
  delay: 10,
  bytes: 1000,
  attempt: 1,
};

export const failing: Observation = { ...ok, outcome: 'failed', status: 500, bytes: undefined };

export const tallyOf = (...observations: readonly Observation[]): Tally =>
  observations.reduce<OwnTally>(added, newTally());

export const many = (n: number, observation: Observation): Tally =>
  tallyOf(...Array.from({ length: n }, () => observation));
