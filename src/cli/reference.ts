/** docs/cli.md and man/cutover.1, printed from the table of verbs so that they cannot drift. Pure. */
import { completion } from './completion.js';
import { common } from './options.js';
import { usageOf, type Group, type Option, type Verb } from './verb.js';

/** What stands in both; words between backquotes are typed or read as they are. */
const groups: Readonly<Record<Group, { readonly title: string; readonly text: string }>> = {
  roles: {
    title: 'Roles',
    text: 'They stay until SIGTERM or SIGINT, with which they drain: what has begun is finished, for `timeouts.drain` seconds at most. A second one ends at once. Signals go to the process of `cutover up` itself, or to its whole group; `npx` does not pass them on.',
  },
  files: { title: 'Files', text: 'For these nothing must run.' },
  upgrades: {
    title: 'Upgrades',
    text: 'They ask control by its REST API, at the address of `configService` in FILE and with its token. A version is named by its number, its id, or the beginning of its id (four characters at least).',
  },
};

const exitCodes = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'wrong usage or configuration'],
] as const;

const variables = [
  ['STATE_DIRECTORY', 'where the registry is if `registry.file` does not say so; systemd sets it'],
  ['XDG_STATE_HOME', 'without that: the registry is in its folder `cutover` (`~/.local/state`)'],
  ['XDG_RUNTIME_DIR', 'where sockets between processes of this machine are (`/tmp`)'],
  ['LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES', 'listening sockets that systemd hands over'],
  ['NO_COLOR', 'if it is not empty, the view of `cutover up` has no colours'],
  ['SHELL', 'for which shell `cutover completion` prints its script'],
] as const;

const told = [completion] as const;

// Markdown

export function cliReference(verbs: readonly Verb[]): string {
  const parts = [
    '# Command line',
    'A verb, the configuration file, and options, in any order. This page is printed from what the parser uses: `node dist/src/cli/print.js cli > docs/cli.md`.',
    '## Options of every verb',
    optionTable(common),
    '`--help` shows the usage of a verb, `--version` the release.',
    ...(Object.keys(groups) as Group[]).flatMap(group => groupPart(verbs, group)),
    '## Completion',
    ...told.flatMap(verb => [`### cutover ${verb.name}`, sentence(verb.describe), ...verb.more]),
    '## Exit codes',
    table([['code', 'means'], ...exitCodes]),
    '## Environment',
    table([['variable', 'says'], ...variables.map(([name, says]) => [`\`${name}\``, says])]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function groupPart(verbs: readonly Verb[], group: Group): readonly string[] {
  const { title, text } = groups[group];
  return [`## ${title}`, text, ...verbs.filter(each => each.group === group).flatMap(verbPart)];
}

function verbPart(verb: Verb): readonly string[] {
  const { describe, more, operand, options } = verb;
  return [
    `### cutover ${usageOf(verb).replaceAll('<', '\\<')}`,
    sentence(describe),
    ...more,
    ...(operand === undefined ? [] : [`\`${operand.name}\`: ${operand.describe}.`]),
    ...(Object.keys(options).length === 0 ? [] : [optionTable(options)]),
  ];
}

const optionTable = (options: Readonly<Record<string, Option>>): string =>
  table([
    ['option', 'default', 'meaning'],
    ...Object.entries(options).map(([name, option]) => [
      `\`${spelling(name, option)}\``,
      option.defaultDescription ?? '',
      option.describe,
    ]),
  ]);

const spelling = (name: string, { alias, takes, array }: Option): string =>
  `${alias === undefined ? '' : `-${String(alias)}, `}--${name}${takes === undefined ? '' : ` ${takes}`}${array === true ? ' …' : ''}`;

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

// The man page: man-pages(7) says what stands where, groff_man(7) how it is written.

export function manPage(verbs: readonly Verb[], release: string): string {
  const lines = [
    '.\\" Printed from what the parser uses: node dist/src/cli/print.js man',
    `.TH CUTOVER 1 "" "cutover ${escaped(release)}" "User Commands"`,
    '.SH NAME',
    'cutover \\- replace a running HTTP application with its next version',
    '.SH SYNOPSIS',
    ...[...verbs, ...told].flatMap(synopsis),
    '.SH DESCRIPTION',
    'A load balancer for HTTP that moves users from one version of an application to the next, watches',
    'how the new one behaves, and takes them back if it misbehaves.',
    '.SH OPTIONS',
    'Of every verb:',
    ...optionLines(common),
    ...(Object.keys(groups) as Group[]).flatMap(group => groupLines(verbs, group)),
    '.SH COMPLETION',
    ...told.flatMap(({ name, describe, more }) => entry(bold(`cutover ${name}`), describe, more)),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, means]) => entry(bold(code), means)),
    '.SH ENVIRONMENT',
    ...variables.flatMap(([name, says]) => entry(bold(name), says)),
    '.SH EXAMPLES',
    ...entry(bold('cutover check -c cutover.json'), 'what is wrong with a configuration'),
    ...entry(bold('cutover up -c cutover.json'), 'all roles on this machine'),
    ...entry(
      bold('cutover deploy next.json --wait --timeout 600 -c cutover.json'),
      'adds a version, and ends with its verdict',
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function synopsis(verb: Pick<Verb, 'name' | 'operand'> & Partial<Verb>): readonly string[] {
  const { name, operand, needsConfig = false } = verb;
  const parts = [
    bold(`cutover ${name}`),
    ...(needsConfig ? [`${bold('-c')} ${italic('FILE')}`] : []),
    ...(operand === undefined ? [] : [italic(operand.name)]),
    ...(Object.keys(verb.options ?? {}).length === 0 ? [] : ['[options]']),
  ];
  return [parts.join(' '), '.br'];
}

function groupLines(verbs: readonly Verb[], group: Group): readonly string[] {
  const { title, text } = groups[group];
  return [
    `.SH ${title.toUpperCase()}`,
    prose(text),
    ...verbs.filter(each => each.group === group).flatMap(verbLines),
  ];
}

function verbLines(verb: Verb): readonly string[] {
  const { name, describe, more, operand, options } = verb;
  const title = `${bold(`cutover ${name}`)}${operand === undefined ? '' : ` ${italic(operand.name)}`}`;
  const about = operand === undefined ? [] : [`${operand.name}: ${operand.describe}`];
  const below = [...optionLines(options)];
  return [
    ...entry(title, describe, [...more, ...about.map(sentence)]),
    ...(below.length === 0 ? [] : ['.RS', ...below, '.RE']),
  ];
}

const optionLines = (options: Readonly<Record<string, Option>>): readonly string[] =>
  Object.entries(options).flatMap(([name, option]) => {
    const { defaultDescription: by } = option;
    return entry(
      bold(spelling(name, option)),
      by === undefined ? option.describe : `${option.describe} (default: ${by})`,
    );
  });

const entry = (title: string, text: string, more: readonly string[] = []): readonly string[] => [
  '.TP',
  title,
  prose(sentence(text)),
  ...more.flatMap(each => ['.IP', prose(each)]),
];

/** Backquotes become bold. A line that begins with a dot or a quote would be a request. */
const prose = (text: string): string =>
  text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? bold(part) : escaped(part)))
    .join('')
    .replace(/^[.']/, '\\&$&');

const bold = (text: string) => `\\fB${escaped(text)}\\fR`;
const italic = (text: string) => `\\fI${escaped(text)}\\fR`;

/** Backslashes begin escapes, and a plain hyphen is not the one that is typed. */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '...');
