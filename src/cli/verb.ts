/** What a verb of the command line is: the parser, its help, docs/cli.md and the man page are made from the same table. */
import type { Options, PositionalOptions, ArgumentsCamelCase, InferredOptionTypes } from 'yargs';
import type { LogLevel } from '../config/config.js';

/** `takes`: what stands for its value in the reference; undefined: none follows it. */
export type Option = Options & { readonly describe: string; readonly takes?: string };

/** What stands behind the verb without a dash. */
export type Operand = PositionalOptions & { readonly name: string; readonly describe: string };

export type Group = 'roles' | 'files' | 'upgrades';

export interface Verb {
  readonly name: string;
  readonly group: Group;
  /** One line. */
  readonly describe: string;
  /** What its reference says beyond that: whole sentences, a paragraph each. */
  readonly more: readonly string[];
  readonly operand?: Operand | undefined;
  readonly options: Readonly<Record<string, Option>>;
  /** Whether it is about a configuration, and wants to be told which. */
  readonly needsConfig: boolean;
  readonly run: (given: never) => Promise<void>;
}

/** What every verb is given that is about a configuration. */
export interface Common {
  readonly config: string;
  readonly logLevel: LogLevel | undefined;
}

type Table = Readonly<Record<string, Option>>;

interface Definition<Options extends Table> extends Omit<Verb, 'options' | 'run' | 'more'> {
  readonly more?: readonly string[];
  readonly run: (given: Common & ArgumentsCamelCase<InferredOptionTypes<Options>>) => Promise<void>;
}

/** Sees to it that `run` takes what the options yield. Of an operand it takes the text, by its name. */
export const verb = <const Options extends Table>(
  options: Options,
  { more = [], ...rest }: Definition<Options>,
): Verb => ({ ...rest, more, options });

/** As it is typed: `deploy <file>`. */
export const usageOf = ({ name, operand }: Pick<Verb, 'name' | 'operand'>): string =>
  operand === undefined ? name : `${name} <${operand.name}>`;
