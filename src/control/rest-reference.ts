/** docs/rest.md, printed from the OpenAPI document so that it cannot drift. Pure. */
import { openApi } from './open-api.js';

interface Node {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly expected?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
  readonly additionalProperties?: Node | boolean;
}

interface Content {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: Node }>>;
}

interface Operation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, Content>>;
  readonly requestBody?: Content;
  readonly security?: readonly unknown[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const methods = ['get', 'put', 'post', 'delete'] as const;

/** Beside the error texts, which all look alike. */
const ERROR =
  'An error is `{"error": "…"}`; 400 adds `problems`, each with its `path`, what was `expected`, what was `given`, and a `message` for people.';

const introduction = [
  '# REST API',
  'Control speaks JSON on `configService` (`http://127.0.0.1:9090` by default). Where `configService.token` is set, every call but `/healthz` and `/readyz` needs it as bearer token (401 without); pages from elsewhere are refused (403). A change that was answered with 202 is on the disk, and every worker has been told. A cluster without `version` counts as 0.0; one that is older than the stable version is complete at once, and only there to fall back on.',
  ERROR,
  'The same as OpenAPI 3.1 is at `/openapi.json`. This page is printed from it: `node dist/src/cli/print.js rest > docs/rest.md`.',
];

export function restReference(): string {
  const { paths } = openApi('') as Document;
  const calls = Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap(method => {
      const operation = item[method] as Operation | undefined;
      return operation === undefined
        ? []
        : [{ call: `${method.toUpperCase()} ${path}`, operation }];
    }),
  );
  const overview = [
    ['call', 'does or tells'],
    ...calls.map(({ call, operation }) => [`\`${call}\``, operation.summary]),
  ];
  const parts = [
    ...introduction,
    table(overview),
    ...calls.flatMap(({ call, operation }) => callPart(call, operation)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function callPart(call: string, { summary, responses, requestBody, security }: Operation) {
  const answers = Object.entries(responses).map(([status, { description = '' }]) => [
    status,
    description,
  ]);
  const good = Object.entries(responses).find(([status]) => status.startsWith('2'));
  return [
    `## ${call}`,
    `${sentence(summary)}${security?.length === 0 ? ' Needs no token.' : ''}`,
    ...fieldsPart('Body', requestBody),
    table([['status', 'means'], ...answers]),
    ...(good === undefined ? [] : fieldsPart(good[0], good[1])),
  ];
}

function fieldsPart(title: string, { content = {} }: Content = {}): readonly string[] {
  const rows = Object.values(content).flatMap(({ schema = {} }) => fields('', schema));
  return rows.length === 0 ? [] : [table([[`${title}: field`, 'is', 'meaning'], ...rows])];
}

/** The fields below a node, each with its whole path: `[]` for the members of a list, `{}` of a map. */
function fields(path: string, node: Node): readonly (readonly string[])[] {
  if (node.items !== undefined) return fields(`${path}[]`, node.items);
  if (typeof node.additionalProperties === 'object' && node.properties === undefined) {
    return fields(`${path}{}`, node.additionalProperties);
  }
  return Object.entries(properties(node)).flatMap(([name, child]) => {
    const whole = path === '' ? name : `${path}.${name}`;
    const optional = isRequired(name, node) ? '' : ', may be missing';
    return [
      [`\`${whole}\``, `${typeOf(child)}${optional}`, child.description ?? ''],
      ...fields(whole, child),
    ];
  });
}

/** Of variants: in every one of them. */
const isRequired = (name: string, { required = [], oneOf }: Node): boolean =>
  required.includes(name) || (oneOf?.every(each => each.required?.includes(name)) ?? false);

/** Those of all variants, each once. */
function properties({ properties: own = {}, oneOf = [] }: Node): Readonly<Record<string, Node>> {
  const all = oneOf.flatMap(each => Object.entries(each.properties ?? {}));
  const variants = new Map<string, Node>();
  for (const [name, node] of all) {
    const before = variants.get(name);
    const values = [...(before?.enum ?? []), ...(node.const === undefined ? [] : [node.const])];
    variants.set(name, values.length === 0 ? node : { ...node, enum: values });
  }
  return { ...Object.fromEntries(variants), ...own };
}

function typeOf({
  type,
  enum: values,
  const: only,
  expected,
  items,
  oneOf,
  properties,
  ...rest
}: Node) {
  if (expected !== undefined) return expected;
  if (values !== undefined) return values.map(value => `\`${String(value)}\``).join(', ');
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (items !== undefined) return 'a list';
  if (oneOf !== undefined || properties !== undefined) return 'an object';
  if (typeof rest.additionalProperties === 'object') return 'a map';
  return typeof type === 'string' ? type : (type ?? ['any']).join(' or ');
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.map(cell).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
