/** The parser of the command line, made from the table of verbs. */
import yargs, { type Argv } from 'yargs';
import { StartError } from '../kernel/start-error.js';
import { completion } from './completion.js';
import { common } from './options.js';
import { usageOf, type Verb } from './verb.js';

/** It throws what a verb throws; StartError with the exit code 2 for wrong usage, after it has shown the right one. */
export function parser(verbs: readonly Verb[], release: string): Argv {
  const plain = yargs()
    .scriptName('cutover')
    .usage('$0 VERB -c FILE\n\nReplaces a running HTTP application with its next version.')
    .options(common);
  for (const each of verbs) {
    // What the builder yields is what `run` takes: `verb` has seen to it.
    plain.command(usageOf(each), each.describe, withOptions(each), given =>
      each.run(given as never),
    );
  }
  return plain
    .completion(completion.name, completion.describe)
    .demandCommand(1, 1, 'which verb?', 'one verb, please')
    .strict()
    .version(release)
    .help()
    .alias({ help: 'h' })
    .wrap(null)
    .exitProcess(false)
    .fail((message: string | null, cause: Error | undefined, usage) => {
      if (message === null && cause !== undefined) throw cause; // of a verb, not of its usage
      usage.showHelp('error');
      throw new StartError(message ?? 'wrong usage', 2);
    });
}

const withOptions =
  ({ operand, options, needsConfig }: Verb) =>
  (plain: Argv): Argv => {
    if (operand !== undefined) plain.positional(operand.name, operand);
    if (needsConfig) plain.demandOption('config');
    return plain.options(options);
  };
