import { expect } from 'chai';
import { CutoverError } from '../../../src/kernel/errors.js';
import type { CutoverEvent } from '../../../src/kernel/events.js';
import { lineOf, reporter } from '../../../src/log.js';

/** A destination that remembers what was written, and the lines in it. */
function memory() {
  const written: string[] = [];
  const lines = () => written.map(line => JSON.parse(line) as Record<string, unknown>);
  return { write: (line: string) => void written.push(line), lines };
}

describe('lineOf', () => {
  const ended = { type: 'role-ended', role: 'worker-1', pid: 7 } as const;
  const rows: readonly (readonly [event: CutoverEvent, level: string, message: string])[] = [
    [
      { type: 'frontend-listening', address: '127.0.0.1:80', device: 'ipc://x' },
      'info',
      'listening on 127.0.0.1:80',
    ],
    [
      { type: 'request-refused', code: 'ERR_HEAD_MALFORMED', because: 'bare CR' },
      'debug',
      'request refused (ERR_HEAD_MALFORMED): bare CR',
    ],
    [
      { ...ended, exitCode: 0, signal: null, restartIn: undefined },
      'info',
      'worker-1 ended with exit code 0',
    ],
    [
      { ...ended, exitCode: null, signal: 'SIGKILL', restartIn: 99.6 },
      'warn',
      'worker-1 ended by SIGKILL; starting again in 100 ms',
    ],
    [{ type: 'supervisor-ready', address: '[::1]:80' }, 'info', 'ready for clients on [::1]:80'],
    [{ type: 'reload-refused', because: 'x' }, 'error', 'configuration not reloaded: x'],
    [{ type: 'fault', where: 'exchange', cause: 'torn' }, 'error', 'fault in exchange: torn'],
  ];
  for (const [event, level, message] of rows) {
    it(`says "${message}" at level ${level}`, () => {
      expect(lineOf(event)).to.include({ level, message });
    });
  }

  it('gives of an error its code, its stack and what caused it, and nothing else', () => {
    const cause = new CutoverError('ERR_SPOOL', 'disk full', { cause: new Error('ENOSPC') });
    const { fields } = lineOf({ type: 'fault', where: 'spool', cause });
    expect(fields).to.deep.equal({
      event: 'fault',
      where: 'spool',
      error: { code: 'ERR_SPOOL', message: 'disk full', stack: cause.stack, cause: 'ENOSPC' },
    });
  });
});

describe('reporter', () => {
  it('writes one line of JSON for each event, with the same field names', () => {
    const { lines, ...destination } = memory();
    const report = reporter({ role: 'worker-1', level: 'info', pretty: false }, destination);
    report({
      type: 'worker-lost',
      worker: '00aa',
      name: 'w',
      because: 'b',
      repeated: 1,
      failed: 2,
    });
    const [line] = lines();
    const { time, processId, ...rest } = line ?? {};
    expect(rest).to.deep.equal({
      level: 'warn',
      process: 'worker-1',
      event: 'worker-lost',
      worker: '00aa',
      name: 'w',
      because: 'b',
      repeated: 1,
      failed: 2,
      message: 'worker w is lost: b',
    });
    expect(new Date(String(time)).toISOString()).to.equal(time);
    expect(processId).to.equal(process.pid);
  });

  it('keeps the process that is spoken of apart from the one that speaks', () => {
    const { lines, ...destination } = memory();
    const report = reporter({ role: 'supervisor', level: 'info', pretty: false }, destination);
    report({ type: 'role-started', role: 'frontend-1', pid: 7 });
    expect(lines()[0]).to.include({ process: 'supervisor', role: 'frontend-1', pid: 7 });
  });

  it('writes nothing below its level', () => {
    const { lines, ...destination } = memory();
    const report = reporter({ role: 'frontend', level: 'info', pretty: false }, destination);
    report({ type: 'request-refused', code: 'ERR_CLIENT_SLOW', because: 'slow' });
    const silent = reporter({ role: 'frontend', level: 'silent', pretty: false }, destination);
    silent({ type: 'fault', where: 'x', cause: 'y' });
    expect(lines()).to.deep.equal([]);
  });
});
