/**
 * What the shell offers after Tab: verbs and options from the table, and versions, for verbs that are about one,
 * if control says quickly which there are. Whatever goes wrong, nothing is offered and nothing is said: the
 * operator is in the middle of a line.
 */
import type { ShownVersion } from '../operator/shown-version.js';
import { common } from './options.js';
import type { Option, Verb } from './verb.js';

/** The verb that prints the script for the shell; yargs has it, so it is not in the table. */
export const completion = {
  name: 'completion',
  describe: 'print a script with which bash, zsh or fish completes this command',
  more: [
    'For the shell that SHELL names. In bash: `source <(cutover completion)`, in `~/.bashrc` to keep it. Versions are completed as well where `-c` stands before them and control answers within 300 ms.',
  ],
} as const satisfies Pick<Verb, 'name' | 'describe' | 'more'>;

/** With which the script asks us; what has been typed follows, the name of the command first. */
export const COMPLETING = '--get-yargs-completions';

/** What may stand where the cursor is; `versions`: for a verb that is about one. */
export type Offer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'versions'; readonly config: string };

const nothing: Offer = { kind: 'words', words: [] };

/** `typed`: the words behind the name of the command; the last one may be unfinished. Pure. */
export function offer(verbs: readonly Verb[], typed: readonly string[]): Offer {
  const words = typed.slice(0, -1);
  const current = typed.at(-1) ?? '';
  const verb = verbs.find(({ name }) => words.includes(name));
  const options: Readonly<Record<string, Option>> = { ...common, ...verb?.options };
  const asked = optionNamed(options, words.at(-1));
  if (asked !== undefined && asked.type !== 'boolean') return nothing; // the shell knows files
  if (current.startsWith('-')) return { kind: 'words', words: unused(options, words) };
  if (verb === undefined) {
    return words.includes(completion.name)
      ? nothing
      : { kind: 'words', words: [...verbs.map(({ name }) => name), completion.name] };
  }
  const at = words.findIndex(word => isNamed('config', common.config, word));
  const config = at < 0 ? undefined : words[at + 1];
  const wantsVersion = verb.operand?.name === 'id' && config !== undefined;
  return wantsVersion ? { kind: 'versions', config } : nothing;
}

const isNamed = (name: string, { alias }: Option, word: string | undefined) =>
  word === `--${name}` || word === `-${String(alias)}`;

const optionNamed = (options: Readonly<Record<string, Option>>, word: string | undefined) =>
  Object.entries(options).find(([name, option]) => isNamed(name, option, word))?.[1];

/** Those that have not been given yet, or may be given again. */
const unused = (options: Readonly<Record<string, Option>>, words: readonly string[]) =>
  Object.entries(options)
    .filter(
      ([name, option]) => option.array === true || !words.some(word => isNamed(name, option, word)),
    )
    .map(([name]) => `--${name}`)
    .concat('--help');

/** Milliseconds that somebody who has pressed Tab can be made to wait for control. */
const PATIENCE = 300;

/** Never rejects. */
export async function completions(
  verbs: readonly Verb[],
  typed: readonly string[],
): Promise<readonly string[]> {
  const offered = offer(verbs, typed);
  const words =
    offered.kind === 'words' ? offered.words : await versionsOf(offered.config).catch(() => []);
  return words.filter(word => word.startsWith(typed.at(-1) ?? ''));
}

async function versionsOf(config: string): Promise<readonly string[]> {
  const { clientOf } = await import('./configured.js');
  const client = await clientOf({ config, logLevel: undefined }, PATIENCE);
  return namesOf(await client.versions());
}

/** Each by its number, where no other one has it; else by its id. */
export const namesOf = (
  versions: readonly Pick<ShownVersion, 'id' | 'version'>[],
): readonly string[] =>
  versions.map(({ id, version }) =>
    versions.filter(each => each.version === version).length === 1 ? version : id,
  );
