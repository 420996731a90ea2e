import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseConfigText, readConfigFile } from '../../../src/config/file.js';
import { syntaxErrorAt } from '../../../src/config/json-position.js';

const good = '{"cluster":{"servers":[{"ip":"127.0.0.1","port":9101}]}}';

async function messagesOf(path: string): Promise<readonly string[]> {
  const file = await readConfigFile(path);
  return file.ok ? [] : file.problems.map(({ message }) => message);
}

describe('readConfigFile', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'cutover-test-'))));
  after(() => rm(folder, { recursive: true }));

  it('reads a file, and keeps its text', async () => {
    const path = join(folder, 'good.json');
    await writeFile(path, good);
    expect(await readConfigFile(path)).to.include({ ok: true, text: good });
  });

  it('says that a file is missing', async () => {
    const none = ['cannot be read: no such file'];
    expect(await messagesOf(join(folder, 'missing.json'))).to.deep.equal(none);
  });

  it('says that a path is a directory', async () => {
    expect(await messagesOf(folder)).to.deep.equal(['cannot be read: a directory']);
  });
});

describe('parseConfigText', () => {
  it('takes a byte order mark for nothing', () => {
    expect(parseConfigText(`\uFEFF${good}`)).to.include({ ok: true });
  });

  it('says where a text stops being JSON', () => {
    const file = parseConfigText('{\n  "cluster": {},\n}');
    expect(file).to.have.deep.property('problems', [
      {
        path: '',
        expected: 'JSON',
        given: '}',
        message: 'line 3, column 1: no JSON from here: }',
      },
    ]);
  });
});

describe('a text that is no JSON', () => {
  for (const text of [
    `{"configService":{"token":'MARKED-5eCr3t'}}`,
    '{"configService":{"token":MARKED-5eCr3t}}',
    '{"configService":{"token":"MARKED-5eCr3t}}',
    '{"configService":{"token" "MARKED-5eCr3t"}}',
  ]) {
    it(`is not shown: ${text}`, () => {
      expect(JSON.stringify(parseConfigText(text)))
        .to.include('no JSON from here')
        .and.not.include('5eCr3t');
    });
  }
});

describe('syntaxErrorAt', () => {
  const rows: readonly (readonly [text: string, line: number, column: number])[] = [
    ['', 1, 1],
    ['x', 1, 1],
    ['{', 1, 2],
    ['{"a" 1}', 1, 6],
    ['{"a":}', 1, 6],
    ['{"a":1,}', 1, 8],
    ["{'a':1}", 1, 2],
    ['[1 2]', 1, 4],
    ['[01]', 1, 3],
    ['[1.]', 1, 3],
    ['"\\x"', 1, 1], // strings are looked at as a whole
    ['{}\n\n //', 3, 2],
    ['[\n1,\n"open\n]', 3, 1],
    ['truest', 1, 5],
  ];
  for (const [text, line, column] of rows) {
    it(`finds ${line}:${column} in ${JSON.stringify(text)}`, () => {
      expect(() => JSON.parse(text) as unknown).to.throw(SyntaxError);
      expect(syntaxErrorAt(text)).to.deep.equal({ line, column });
    });
  }

  for (const text of ['0', ' {"a":[{},[],null,true,false,-1.5e+3,"\\u00e9\\n"]}\r\n', '""']) {
    it(`finds nothing in ${JSON.stringify(text)}`, () => {
      expect(() => JSON.parse(text) as unknown).not.to.throw();
      expect(syntaxErrorAt(text)).to.equal(undefined);
    });
  }
});
