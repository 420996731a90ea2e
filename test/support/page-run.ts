/**
 * Runs the shell blocks of a page as a reader would: in order, in one shell with jobs, in a clone. What is done differently,
 * and nothing else:
 *
 * - Every port that the pages name is another, free one; so it is in the examples.
 * - Where a reader waits until something is ready, or has ended, the script does.
 * - A block that is nothing but `… up -c FILE` is typed into another terminal: it runs beside the others.
 * - The first whole configuration of README.md is there as cutover.json, its first body of PUT as next.json, as it says.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { blocksOf, root, type Block } from './documents.js';
import { cli, CutoverProcess } from './processes.js';
import { freePort } from './scripted-container.js';
import type { Stage } from './stage.js';

const PORTS = ['8080', '8081', '9090', '9101', '9102', '9103', '9104'] as const;

export interface PageRun {
  readonly blocks: readonly { readonly block: Block; readonly output: string }[];
  readonly exitCode: number | null;
  readonly output: string;
}

/** `leftOut`: blocks that are not to be run. */
export async function pageRun(
  stage: Stage,
  page: string,
  leftOut: (block: Block) => boolean,
): Promise<PageRun> {
  const folder = await stage.folder();
  const moved = await movedPorts();
  await furnish(folder, moved);
  const blocks = blocksOf(page);
  saveFiles(folder, moved);
  const typed = blocks.filter(block => block.language === 'sh' && !leftOut(block));
  const script = [
    'exec 2>&1',
    'set -em',
    prelude(moved),
    ...typed.map(({ text }, index) => `printf '\\n@@ ${index}\\n'\n${moved(asRun(text))}`),
    `printf '\\n@@ end\\n'`,
  ].join('\n');
  await writeFile(join(folder, 'page.sh'), script);
  const shell = new CutoverProcess(stage, ['-c', 'cd "$0" && exec bash page.sh', folder], {
    command: ['bash'],
    env: environmentOf(folder),
  });
  const { code } = await shell.ended(100_000);
  const output = back(shell.output, moved);
  const parts = output.split(/^@@ .*$/m).slice(1);
  return {
    exitCode: code,
    output,
    blocks: typed.map((block, index) => ({ block, output: parts[index] ?? '' })),
  };
}

interface Moved {
  (text: string): string;
  readonly ports: ReadonlyMap<string, string>;
}

async function movedPorts(): Promise<Moved> {
  const ports = new Map<string, string>();
  for (const port of PORTS) ports.set(port, String((await freePort()).port));
  const moved = (text: string) =>
    text.replaceAll(/\b(?:80|90|91)\d\d\b/g, port => ports.get(port) ?? port);
  return Object.assign(moved, { ports });
}

function back(text: string, { ports }: Moved): string {
  const named = new Map([...ports].map(([port, real]) => [real, port]));
  return text.replaceAll(/\b\d{4,5}\b/g, port => named.get(port) ?? port);
}

/** A clone that has been built, with `cutover` on the PATH as after an installation. */
async function furnish(folder: string, moved: Moved): Promise<void> {
  for (const name of ['dist', 'package.json', 'packaging'])
    symlinkSync(root + name, join(folder, name));
  cpSync(`${root}examples`, join(folder, 'examples'), { recursive: true });
  for (const name of readdirSync(join(folder, 'examples')).filter(each => each.endsWith('.json'))) {
    const path = join(folder, 'examples', name);
    writeFileSync(path, moved(readFileSync(path, 'utf8')));
  }
  mkdirSync(join(folder, 'bin'));
  const command = join(folder, 'bin', 'cutover');
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
  await chmod(command, 0o755);
}

const environmentOf = (folder: string) => ({
  PATH: [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
  ...{ HOME: folder, TMPDIR: folder, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder },
});

function saveFiles(folder: string, moved: Moved): void {
  const jsons = blocksOf('README.md')
    .filter(({ language }) => language === 'json')
    .map(({ text }) => text);
  const config = jsons.find(text => text.includes('"proxy"')) ?? '';
  const body = jsons.find(text => !text.includes('"proxy"')) ?? '';
  writeFileSync(join(folder, 'cutover.json'), moved(config));
  writeFileSync(join(folder, 'next.json'), moved(body));
}

/** Each waits for thirty seconds at most; then the script fails. At its end all that it started ends. */
const prelude = (moved: Moved): string =>
  moved(`
wait_for() { for _ in $(seq 300); do "$@" && return; sleep 0.1; done; echo "not ready: $*"; return 1; }
is_ready() { curl -fso /dev/null http://127.0.0.1:9090/readyz; }
is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
has_ended() { ! jobs "$1" 2>/dev/null | grep -q Running; }
trap 'code=$?; kill $(jobs -p) 2>/dev/null || true; wait || true; exit $code' EXIT
`);

function asRun(text: string): string {
  const isAllUp = /^\S.* up -c \S+(?:\s+#.*)?$/.test(text);
  return (isAllUp ? text.replace(/(?:\s+#.*)?$/, ' &') : text)
    .split('\n')
    .flatMap(line => [line, ...waits(line.replace(/\s+#.*/, ''))])
    .join('\n');
}

function waits(line: string): readonly string[] {
  const [, server] = /\.js (\d{4}) \S+.*&$/.exec(line) ?? [];
  if (server !== undefined) return [`wait_for is_listening ${server}`];
  if (/ up -c .*&$/.test(line)) return ['wait_for is_ready'];
  if (!line.startsWith('kill ')) return [];
  return [...line.matchAll(/%\S+/g)].map(([job]) => `wait_for has_ended '${job.replace(';', '')}'`);
}
