import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { cliReference, manPage } from '../../src/cli/reference.js';
import { release } from '../../src/cli/surroundings.js';
import { verbs } from '../../src/cli/verbs.js';
import { openApi } from '../../src/control/open-api.js';
import { restReference } from '../../src/control/rest-reference.js';
import { itWith } from '../support/tools.js';

const root = new URL('../../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('printed references', () => {
  const printed: readonly (readonly [path: string, print: string, now: () => string])[] = [
    ['docs/cli.md', 'cli', () => cliReference(verbs)],
    ['man/cutover.1', 'man', () => manPage(verbs, release())],
    ['docs/rest.md', 'rest', restReference],
  ];
  for (const [path, print, now] of printed) {
    it(`${path} is what node dist/src/cli/print.js ${print} prints`, () => {
      expect(textOf(path)).to.equal(now());
    });
  }

  it('every verb and every option is in the reference and in the man page', () => {
    const [markdown, man] = [cliReference(verbs), manPage(verbs, release()).replaceAll('\\-', '-')];
    for (const { name, options } of verbs) {
      expect(markdown).to.include(`### cutover ${name}`);
      expect(man).to.include(`\\fBcutover ${name}\\fR`);
      for (const option of Object.keys(options)) {
        expect(markdown).to.include(`--${option}`);
        expect(man).to.include(`\\fB--${option}`);
      }
    }
  });

  it('every path of the OpenAPI document has a part in the REST reference', () => {
    const reference = restReference();
    for (const path of Object.keys((openApi('1') as { paths: object }).paths)) {
      expect(reference).to.match(
        new RegExp(`^## [A-Z]+ ${path.replaceAll(/[{}]/g, '\\$&')}$`, 'm'),
      );
    }
  });

  itWith('groff', 'groff finds nothing wrong with the man page', () => {
    const page = fileURLToPath(new URL('man/cutover.1', root));
    const args = ['-man', '-ww', '-z', '-Kutf8', page];
    // It ends with 0 whatever it says.
    const said = execFileSync('sh', ['-c', 'exec groff "$@" 2>&1', 'sh', ...args], {
      encoding: 'utf8',
    });
    expect(said).to.equal('');
    return Promise.resolve();
  });
});
