/** Requests to one worker, and what holds of each of them. */
import { expect } from 'chai';
import type { RoutingTable } from '../../src/versions/routing-table.js';
import { mayServe } from '../../src/versions/version-state.js';
import type { Version } from '../../src/versions/version.js';
import type { Admitted } from '../../workers/admissions.js';
import { sessionIn } from '../../workers/sessions/signed-cookie.js';
import type { Follower } from './upgrade-follower.js';
import type { CookieSent } from './upgrade-steps.js';

/**
 * A request, perhaps with a cookie of before: of a version that there is, or was.
 * @param jar cookies that were given, newest first; what is given now is put into it
 */
export function visit(worker: Follower, cookie: CookieSent, jar: string[]): void {
  const sent = cookieOf(cookie, jar);
  const admitted = worker.request(headWith(sent));
  expectRouted(admitted, worker, sent);
  const given = valueIn(admitted.cookie);
  if (given !== undefined) jar.unshift(given);
}

function cookieOf(cookie: CookieSent, jar: readonly string[]): string | undefined {
  if (cookie.kind === 'none') return undefined;
  const value = jar[cookie.age % Math.max(1, jar.length)];
  if (value === undefined || cookie.kind === 'given') return value;
  const at = 2 + ((cookie.age * 7) % 60);
  return value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1);
}

const headWith = (cookie: string | undefined) =>
  `GET / HTTP/1.1\r\nHost: a\r\n${cookie === undefined ? '' : `Cookie: cutover=${cookie}\r\n`}\r\n`;

const valueIn = (line: string) => /^Set-Cookie: cutover=([^;]*);/.exec(line)?.[1];

function expectRouted(admitted: Admitted, worker: Follower, sent: string | undefined): void {
  const { decision, cookie } = admitted;
  const { table, keys } = worker;
  const able = ableIn(table);
  const named = decision.kind === 'one' ? [decision.version] : [decision.newer, decision.older];
  for (const version of named) {
    expect(able).to.include(version, 'exists and may serve');
    expectFallback(worker, version);
  }
  if (decision.kind === 'both') {
    expect(able.indexOf(decision.newer)).to.be.below(able.indexOf(decision.older));
  }
  expect(admitted.head).to.equal(headWith(undefined), 'our cookie goes no further');
  const value = valueIn(cookie) ?? sent ?? '';
  const session = sessionIn(
    value,
    keys.map(key => ({ secret: Buffer.from(key, 'base64') })),
  );
  expect(session?.version).to.equal(named[0]?.id, 'the cookie names the version');
}

/** Each server once: those of the version, then those of each older one that may serve, newest first. */
function expectFallback(worker: Follower, version: Version): void {
  const able = ableIn(worker.table);
  const behind = able.slice(able.indexOf(version));
  const expected = behind.flatMap(({ id, servers }) => servers.map(() => id));
  expect(worker.chain(version).map(({ id }) => id)).to.deep.equal(expected);
}

const ableIn = ({ versions }: RoutingTable): readonly Version[] =>
  versions.filter(({ state }) => mayServe(state));
