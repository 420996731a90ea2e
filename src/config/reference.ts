import { z } from 'zod';
import { schema } from './config.js';

/** docs/configuration.md, printed from the schema so that it cannot drift. */

interface SchemaNode {
  readonly expected?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly const?: unknown;
}

interface Option {
  readonly path: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

const introduction = `# Configuration

One JSON file, given with \`-c\`. Only \`cluster.servers\` must be there; everything else has a default
that works. Times are in seconds, sizes in bytes. \`cutover check -c FILE\` reports everything that is
wrong with a file at once, and [config.schema.json](../config.schema.json) lets editors do so while
you type (\`"$schema": "…/config.schema.json"\`). Examples: [the least](../examples/cutover.json),
[every option with its default](../examples/full.json).

This page is printed from the schema: \`node dist/src/config/print.js reference > docs/configuration.md\`.
`;

export function configReference(): string {
  const root = z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;
  const sections = Object.entries(root.properties ?? {}).filter(([name]) => name !== '$schema');
  return [introduction, ...sections.map(([name, node]) => sectionOf(name, node))]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function sectionOf(name: string, node: SchemaNode): string {
  const rows = [['option', 'takes', 'default', 'meaning'], ...optionsIn(name, node).map(cells)];
  return [`## ${name}`, '', sentence(node.description ?? ''), '', ...table(rows), ''].join('\n');
}

/** As prettier would lay it out. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map(row => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill: string) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(head, ' '), line([], '-'), ...rows.slice(1).map(row => line(row, ' '))];
}

/** The options below a node, each with its whole path. */
function optionsIn(path: string, node: SchemaNode): readonly Option[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const option = { path: `${path}.${name}`, node: child, required: isRequired(name, node) };
    return [option, ...below(option)];
  });
}

function below({ path, node }: Option): readonly Option[] {
  if (node.oneOf !== undefined) return variantOptions(path, node.oneOf);
  return optionsIn(node.items === undefined ? path : `${path}[]`, node.items ?? node);
}

/** The options of a union, each once; required only where it says so itself. */
function variantOptions(path: string, variants: readonly SchemaNode[]): readonly Option[] {
  const modes = variants.map(({ properties }) => String(properties?.['mode']?.const));
  const mode = { expected: `one of ${modes.join(', ')}`, description: 'the strategy' };
  const options = Object.assign(
    {},
    ...variants.map(each => each.properties),
  ) as SchemaNode['properties'];
  return optionsIn(path, { properties: { ...options, mode }, required: ['mode'] });
}

const isRequired = (name: string, { required = [] }: SchemaNode) => required.includes(name);

function cells({ path, node, required }: Option): readonly string[] {
  const takes = node.expected ?? (node.properties === undefined ? '' : 'an object');
  return [`\`${path}\``, takes, defaultOf(node, required), node.description ?? ''];
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (required) return '**required**';
  return node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
