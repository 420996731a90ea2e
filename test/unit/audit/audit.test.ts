import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { conclusionOf } from '../../audit/conclusion.js';
import { stageForEach } from '../../support/stage.js';

/** As npm 10 writes it. */
const reportOf = (vulnerabilities: Readonly<Record<string, object>>, counts: object) =>
  JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities,
    metadata: {
      vulnerabilities: { info: 0, low: 0, moderate: 0, high: 0, critical: 0, total: 0, ...counts },
      dependencies: { prod: 80, dev: 400, total: 480 },
    },
  });

const clean = reportOf({}, {});
const bad = reportOf(
  {
    leaky: { severity: 'moderate', range: '<2.0.1', via: [{ title: 'leaks memory' }] },
    around: { severity: 'moderate', range: '*', via: ['leaky'] },
  },
  { moderate: 2, total: 2 },
);
const refused = JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405, error: {} });

describe('the audit of dependencies', () => {
  it('knows of nothing', () => {
    expect(conclusionOf(clean, 'low')).to.deep.equal({ kind: 'nothing-known', dependencies: 480 });
  });

  it('names what is vulnerable, and why', () => {
    expect(conclusionOf(bad, 'low')).to.deep.equal({
      kind: 'vulnerable',
      lines: ['moderate: leaky <2.0.1: leaks memory', 'moderate: around *: by leaky'],
    });
  });

  it('counts from a level on', () => {
    expect(conclusionOf(bad, 'moderate').kind).to.equal('vulnerable');
    expect(conclusionOf(bad, 'high').kind).to.equal('nothing-known');
  });

  it('believes a count without names', () => {
    expect(conclusionOf(reportOf({}, { critical: 1 }), 'high').kind).to.equal('vulnerable');
  });

  const noReports: Readonly<Record<string, readonly [output: string, because: string]>> = {
    'a registry that refuses': [refused, '405 Method Not Allowed'],
    'no network': ['{"error":{"code":"ENOTFOUND","summary":""}}', 'ENOTFOUND'],
    'no lock file': [
      '{"error":{"code":"ENOLOCK","summary":"needs a lockfile"}}',
      'needs a lockfile',
    ],
    nothing: ['', 'npm gave no report'],
    'a page of a proxy': ['<html>', 'npm gave no report'],
    null: ['null', 'npm gave no report'],
    'half a report': ['{"vulnerabilities":{}}', 'npm gave no report'],
  };
  for (const [what, [output, because]] of Object.entries(noReports)) {
    it(`takes ${what} for no answer`, () => {
      expect(conclusionOf(output, 'low')).to.deep.equal({ kind: 'not-asked', because });
    });
  }

  describe('as a program', () => {
    const stage = stageForEach();
    const main = fileURLToPath(new URL('../../audit/main.js', import.meta.url));

    /** With an npm that writes this. */
    async function audit(output: string, ...args: readonly string[]) {
      const folder = await stage.folder();
      await writeFile(join(folder, 'output'), output);
      await writeFile(join(folder, 'npm'), `#!/bin/sh\ncat '${folder}/output'\nexit 1\n`);
      await chmod(join(folder, 'npm'), 0o755);
      return new Promise<{ code: number | null; said: string }>(resolve => {
        const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
        const child = execFile(process.execPath, [main, ...args], { env }, (_, out, err) =>
          resolve({ code: child.exitCode, said: `${out}${err}` }),
        );
      });
    }

    it('ends with 1 only where something is known', async () => {
      expect(await audit(bad)).to.deep.equal({
        code: 1,
        said: 'audit: moderate: leaky <2.0.1: leaks memory\naudit: moderate: around *: by leaky\n',
      });
      expect(await audit(bad, 'high')).to.have.property('code', 0);
      expect((await audit(clean)).said).to.equal('audit: nothing known against 480 packages\n');
    });

    it('says that it could not ask, and ends with 0', async () => {
      expect(await audit(refused)).to.deep.equal({
        code: 0,
        said: 'audit: could not ask: 405 Method Not Allowed\n',
      });
    });

    it('tells a wrong level', async () => {
      expect(await audit(clean, 'awful')).to.have.property('code', 2);
    });
  });
});
