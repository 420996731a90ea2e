/**
 * Asks the registry whether a dependency in package-lock.json has a known vulnerability. Ends with 1 if so,
 * and with 0 if not; also with 0, and a message, where nobody could be asked: not every machine that runs the
 * tests can reach a registry that answers.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { conclusionOf, levels, type Conclusion } from './conclusion.js';

const USAGE = `usage: node dist/test/audit/main.js [${levels.join(' | ')}]
From which level on a vulnerability counts; default: low.
`;

/** Milliseconds. */
const PATIENCE = 60_000;
const MOST_OUTPUT = 64 * 1024 * 1024;

const root = fileURLToPath(new URL('../../../', import.meta.url));

function told(conclusion: Conclusion): 0 | 1 {
  switch (conclusion.kind) {
    case 'not-asked':
      process.stdout.write(`audit: could not ask: ${conclusion.because}\n`);
      return 0;
    case 'nothing-known':
      process.stdout.write(`audit: nothing known against ${conclusion.dependencies} packages\n`);
      return 0;
    case 'vulnerable':
      for (const line of conclusion.lines) process.stderr.write(`audit: ${line}\n`);
      return 1;
  }
}

const [, , given = 'low', ...others] = process.argv;
const level = levels.find(each => each === given);

if (level === undefined || others.length > 0) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const { stdout, error } = spawnSync('npm', ['audit', '--json', '--package-lock-only'], {
    cwd: root,
    encoding: 'utf8',
    timeout: PATIENCE,
    maxBuffer: MOST_OUTPUT,
  });
  process.exitCode = told(
    error === undefined
      ? conclusionOf(stdout, level)
      : { kind: 'not-asked', because: error.message },
  );
}
