/** The command line: a verb becomes a role or a call, an end becomes an exit code. */
import { StartError } from '../kernel/start-error.js';
import { OperatorError } from '../operator/control-client.js';
import { printable } from '../operator/text-table.js';
import { isSupervised, tellSupervisor } from '../supervisor/run-role.js';
import { completions, COMPLETING } from './completion.js';
import { parser } from './parser.js';
import { release } from './surroundings.js';
import { verbs } from './verbs.js';

const [first, ...more] = process.argv.slice(2);

if (first === COMPLETING) {
  const words = await completions(verbs, more.slice(1));
  process.stdout.write(words.map(word => `${word}\n`).join(''));
} else {
  try {
    await parser(verbs, release()).parseAsync(process.argv.slice(2)); // wrong usage is thrown at once
  } catch (cause) {
    await fail(cause);
  }
}

/** For people: no stack where the message says all. A supervisor is told instead, and tells them. */
async function fail(cause: unknown): Promise<void> {
  const expected = cause instanceof StartError || cause instanceof OperatorError;
  process.exitCode = cause instanceof StartError ? cause.exitCode : 1;
  const said = expected ? cause.message : String((cause as Error).stack ?? cause);
  const because = said.split('\n').map(printable).join('\n'); // others may have written it
  if (isSupervised(process)) await tellSupervisor(process, { type: 'failed', because });
  else process.stderr.write(`cutover: ${because}\n`);
}
