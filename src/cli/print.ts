import { restReference } from '../control/rest-reference.js';
import { cliReference, manPage } from './reference.js';
import { release } from './surroundings.js';
import { verbs } from './verbs.js';

/** `node dist/src/cli/print.js cli`, `… man` or `… rest`: what is checked in, anew. */

const prints = {
  cli: () => cliReference(verbs),
  man: () => manPage(verbs, release()),
  rest: restReference,
} as const satisfies Record<string, () => string>;

const [, , what = ''] = process.argv;

if (Object.hasOwn(prints, what)) process.stdout.write(prints[what as keyof typeof prints]());
else {
  process.stderr.write(`usage: print.js ${Object.keys(prints).join(' | ')}\n`);
  process.exitCode = 2;
}
