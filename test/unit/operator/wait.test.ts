import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { OperatorError } from '../../../src/operator/control-client.js';
import type { Terminal } from '../../../src/operator/progress-display.js';
import type { ShownVersion } from '../../../src/operator/shown-version.js';
import { waited, type Waited } from '../../../src/operator/wait.js';
import { FakeClock } from '../support-clock.js';

const version = (about: Partial<ShownVersion>): ShownVersion => ({
  id: 'v2',
  version: '2.0',
  servers: [],
  upgradeTransition: { mode: 'GRADUAL' },
  state: 'running',
  ...about,
});

const unreachable = new OperatorError('control is not reachable at http://x: no', 'unreachable');
const unknown = new OperatorError('there is no version with this id', 'unknown');
const forbidden = new OperatorError('a bearer token is needed');

type Look = Partial<ShownVersion> | OperatorError;

interface Run {
  readonly looks: readonly Look[];
  readonly timeout?: number;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The last look stays what is seen. Time passes by itself. */
async function run({ looks, timeout, ...terminal }: Run) {
  const clock = new FakeClock();
  const withins: number[] = [];
  let written = '';
  const screen: Terminal = { ...terminal, write: text => (written += text) };
  const host = {
    version(_: string, within: number) {
      const look = looks[Math.min(withins.push(within), looks.length) - 1] ?? {};
      if (look instanceof OperatorError) return Promise.reject(look);
      return Promise.resolve(version(look));
    },
  };
  let result: Waited | OperatorError | undefined;
  void waited(host, { id: 'v2', timeout, clock, terminal: screen }).then(
    end => (result = end),
    (cause: unknown) => (result = cause as OperatorError),
  );
  while (result === undefined) {
    await setImmediate();
    clock.advance(clock.next ?? 0);
  }
  return { result, written, withins, took: clock.now() };
}

describe('waiting for an upgrade', () => {
  it('looks until it is healthy, and writes a line a change where no terminal is', async () => {
    const { result, written, took } = await run({
      looks: [
        { progress: 1 },
        { progress: 2 },
        { progress: 3, verdict: 'inconclusive', exchanges: 5 },
        { progress: 4, verdict: 'inconclusive', exchanges: 9 },
        { progress: 5, verdict: 'healthy' },
      ],
    });
    expect(result).to.deep.equal({ kind: 'good', says: 'healthy' });
    expect(written).to.equal('2.0 running, 1 %\n2.0 running, 3 %, inconclusive, 5 exchanges\n');
    expect(took).to.equal(1000);
  });

  it('rewrites one line on a terminal, no longer than the terminal is wide, and ends it', async () => {
    const looks = [{ progress: 1 }, { progress: 2 }, { state: 'complete' }];
    const { written } = await run({ looks, isTTY: true, columns: 12 });
    expect(written).to.equal('\r\u001b[K2.0 running\r\u001b[K2.0 running\n');
    const wide = await run({ looks, isTTY: true });
    expect(wide.written).to.equal('\r\u001b[K2.0 running, 1 %\r\u001b[K2.0 running, 2 %\n');
  });

  it('says how it failed', async () => {
    const { result } = await run({ looks: [{}, { state: 'demoted', because: 'slow' }] });
    expect(result).to.deep.equal({ kind: 'bad', says: 'demoted: slow' });
  });

  it('says of a removed version that it is gone', async () => {
    const { result } = await run({ looks: [{}, unknown] });
    expect(result).to.deep.equal({ kind: 'gone', says: 'removed' });
  });

  it('keeps trying while control is away, and says so once each time', async () => {
    const { result, written } = await run({
      looks: [{}, unreachable, unreachable, unreachable, {}, unreachable, { state: 'complete' }],
    });
    expect(result).to.deep.equal({ kind: 'good', says: 'complete' });
    const away = `${unreachable.message}; waiting until it is back\n`;
    expect(written).to.equal(`2.0 running\n${away}${away}`);
  });

  it('gives what it says of an absence a line of its own on a terminal', async () => {
    const { written } = await run({ looks: [{}, unreachable, { state: 'complete' }], isTTY: true });
    expect(written).to.equal(
      `\r\u001b[K2.0 running\n${unreachable.message}; waiting until it is back\n`,
    );
  });

  it('gives up at once where waiting does not help', async () => {
    const { result } = await run({ looks: [forbidden] });
    expect(result).to.equal(forbidden);
  });

  it('is late after the timeout, to the millisecond', async () => {
    const { result, took } = await run({ looks: [{}], timeout: 0.6 });
    expect(result).to.deep.equal({ kind: 'late', says: 'still running after 0.6 s, and left so' });
    expect(took).to.equal(600);
  });

  it('waits for no answer beyond the timeout, but a second for the last one too', async () => {
    const { withins } = await run({ looks: [{}], timeout: 1.6 });
    expect(withins).to.deep.equal([1600, 1350, 1100, 1000, 1000, 1000, 1000, 1000]);
  });

  it('asks without a limit of its own where there is no timeout', async () => {
    const { withins } = await run({ looks: [{ state: 'complete' }] });
    expect(withins).to.deep.equal([Infinity]);
  });

  it('is late too where control never came back', async () => {
    const { result } = await run({ looks: [unreachable], timeout: 1 });
    expect(result).to.deep.equal({ kind: 'late', says: 'still not seen after 1 s, and left so' });
  });
});
