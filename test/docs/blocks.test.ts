import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { common } from '../../src/cli/options.js';
import { verbs } from '../../src/cli/verbs.js';
import { parseConfigText } from '../../src/config/file.js';
import { labelledBy } from '../../src/containers/labels.js';
import { putBody } from '../../src/control/put-body.js';
import { blocksIn, blocksOf, missingIn, pages, placeOf, root } from '../support/documents.js';
import { itWith } from '../support/tools.js';
import { notRun } from './not-run.js';
import { runs } from './runs.js';

/** Every code block of the documents is run (test/operator/docs-run.test.ts), checked or listed. */

const blocks = pages.flatMap(blocksOf);
const written = (language: string) => blocks.filter(each => each.language === language);

describe('code blocks of the documents', () => {
  it('are there', () => {
    expect(written('sh').length).to.be.greaterThan(20);
    expect(written('json').length).to.be.greaterThan(5);
  });

  for (const block of blocks) {
    it(`${placeOf(block)} has a language that is checked`, () => {
      expect(block.language).to.be.oneOf(['sh', 'json', 'text', 'yaml', 'nginx', 'haproxy']);
    });
  }

  for (const block of written('json')) {
    it(`${placeOf(block)} is a configuration or a body that Cutover takes`, () => {
      expect(problemsOf(block.text)).to.deep.equal([]);
    });
  }

  for (const block of written('yaml')) {
    it(`${placeOf(block)} has labels that Cutover takes`, () => {
      const labels = [...block.text.matchAll(/^ +(cutover\.\w+): '?([^'\n]+)/gm)];
      expect(labels).not.to.deep.equal([]);
      const read = labelledBy(
        Object.fromEntries(labels.map(([, name = '', value = '']) => [name, value])),
      );
      expect(read.ok, JSON.stringify(read)).to.equal(true);
    });
  }

  for (const block of written('sh')) {
    const listed = notRun.filter(
      ({ page, begins }) => page === block.page && block.text.startsWith(begins),
    );
    it(`${placeOf(block)} is run, or is listed with a reason and names what exists`, () => {
      const ways = Number(runs.includes(block.page) && listed.length === 0) + listed.length;
      expect(ways, 'list it in not-run.ts, or its page in runs.ts').to.equal(1);
      execFileSync('bash', ['-n'], { input: block.text, stdio: ['pipe', 'ignore', 'inherit'] });
      expect(strangersIn(block.text)).to.deep.equal([]);
    });
  }

  it('none is listed that is not there any more', () => {
    for (const { page, begins } of notRun) {
      const listed = written('sh').filter(
        each => each.page === page && each.text.startsWith(begins),
      );
      expect(listed, `${page}: ${begins}`).to.have.lengthOf(1);
    }
  });

  checked(
    'nginx',
    text => `events {}\nhttp {\naccess_log off;\n${text}\n}\n`,
    (file, folder) => [
      ...['-t', '-q', '-c', file, '-p', folder, '-e', 'stderr'],
      ...['-g', `pid ${folder}/pid;`],
    ],
  );
  checked(
    'haproxy',
    text => `${text}\n`,
    file => ['-c', '-f', file],
  );

  /** With the program whose configuration it is. */
  function checked(
    tool: string,
    whole: (text: string) => string,
    args: (file: string, folder: string) => readonly string[],
  ): void {
    for (const block of written(tool)) {
      itWith(tool, `${placeOf(block)} is a configuration that ${tool} takes`, async () => {
        const folder = await mkdtemp(join(tmpdir(), 'cutover-test-'));
        try {
          const file = join(folder, `${tool}.conf`);
          await writeFile(file, whole(block.text));
          execFileSync(tool, args(file, folder), { stdio: 'pipe' });
        } finally {
          await rm(folder, { recursive: true });
        }
      });
    }
  }
});

const servers = [{ ip: '127.0.0.1', port: 9101 }];

/** What is wrong with a whole configuration, some of its sections, a body of PUT, or transitions, a line each. */
function problemsOf(text: string): readonly string[] {
  const value = json(text) ?? json(`{${text}}`);
  if (value === undefined) {
    const transitions = text.split('\n').map(json);
    return transitions.flatMap((upgradeTransition, line) =>
      upgradeTransition === undefined
        ? [`line ${line + 1} is no JSON`]
        : bodyProblems({ cluster: { servers, version: '2.0', upgradeTransition } }),
    );
  }
  const names = Object.keys(value);
  if (names.length === 1 && names[0] === 'cluster') return bodyProblems(value);
  const file = parseConfigText(JSON.stringify({ cluster: { servers }, ...value }));
  return file.ok ? [] : file.problems.map(({ message }) => message);
}

const bodyProblems = (body: unknown): readonly string[] =>
  putBody.safeParse(body).error?.issues.map(({ message }) => message) ?? [];

function json(text: string): object | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

/** Scripts of npm, verbs and options of ours, and files of the clone that a block names and that are not there. */
function strangersIn(text: string): readonly string[] {
  const { scripts } = json(readFileSync(`${root}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  const lines = text.split('\n').map(line => line.replace(/(?:^|\s)#.*/, ''));
  return lines.flatMap(line => [
    ...[...line.matchAll(/npm run ([\w:]+)/g)]
      .filter(([, name = '']) => !(name in scripts))
      .map(String),
    ...[...line.matchAll(/\b(?:examples|packaging|docs)\/[\w./-]+/g)]
      .map(([path]) => path)
      .filter(path => !existsSync(root + path.replace(/\.$/, ''))),
    ...[...line.matchAll(/dist\/(test\/[\w./-]+)\.js/g)]
      .map(([, path = '']) => `${path}.ts`)
      .filter(path => !existsSync(root + path)),
    ...ourStrangers(line),
  ]);
}

function ourStrangers(line: string): readonly string[] {
  const [, args = ''] =
    /(?:^|\s)(?:cutover|node dist\/src\/cli\.js) +([a-z][^|&;]*)/.exec(line) ?? [];
  if (args === '' || line.includes('docker')) return [];
  const [name = '', ...words] = args.split(/\s+/);
  const verb = verbs.find(each => each.name === name);
  if (verb === undefined) return [`cutover ${name}`];
  const known = Object.keys({ ...verb.options, ...common }).map(option => `--${option}`);
  return words.filter(word => word.startsWith('--') && !known.includes(word));
}

describe('reading documents', () => {
  it('finds blocks with their language and their place', () => {
    expect(blocksIn('p', 'a\n```sh\nb\nc\n```\n\n```\n```')).to.deep.equal([
      { page: 'p', line: 3, language: 'sh', text: 'b\nc' },
      { page: 'p', line: 8, language: '', text: '' },
    ]);
    expect(() => blocksIn('p', '```sh\nb')).to.throw('p:2: the block does not end');
  });

  const rows: readonly (readonly [shown: string, output: string, missing: string | undefined])[] = [
    ['a\nb', 'x\na\ny\nb', undefined],
    ['b\na', 'a\nb', 'a'], // in another order
    ['took 12.5 ms', 'took  7 ms', undefined],
    ['version 2.0', 'version 3.0', 'version 2.0'],
    ['2.0  running', '2.0    running  12 %', undefined],
    [
      '566bc6fa-864e-4ffe-a20e-08da195c6b0f is …',
      'a524cbc2-3704-45ca-a675-da55c2014024 is it',
      undefined,
    ],
    ['id is', 'a524cbc2-3704-45ca-a675-da55c2014024 is', 'id is'],
    ['0 wrong', 'none wrong', '0 wrong'],
    ['a.c (b)', 'abc (b)', 'a.c (b)'],
  ];
  for (const [shown, output, missing] of rows)
    it(`compares ${JSON.stringify(shown)} with ${JSON.stringify(output)}`, () =>
      expect(missingIn(output, shown)).to.equal(missing));

  it('knows a body, sections, transitions, and what is none of them', () => {
    expect(
      problemsOf('{ "mode": "INSTANT" }\n{ "mode": "SESSION", "sessionTimeout": 5 }'),
    ).to.deep.equal([]);
    expect(problemsOf('"log": { "level": "warn" }')).to.deep.equal([]);
    for (const wrong of [
      '{ "mode": "NEVER" }\n{ "mode": "INSTANT" }',
      '"lag": {}',
      '{ "cluster": {} }',
      '{',
    ])
      expect(problemsOf(wrong), wrong).not.to.deep.equal([]);
  });

  it('knows what is not there', () => {
    const strange = [
      'npm run nothing',
      'cutover fly',
      'cutover up --high',
      'bash examples/none.sh',
    ];
    for (const line of strange) expect(strangersIn(line), line).to.have.lengthOf(1);
    expect(strangersIn('cutover up -c x --workers 2 # --high')).to.deep.equal([]);
  });
});
