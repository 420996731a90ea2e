import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { namesOf, offer } from '../../../src/cli/completion.js';
import { verbs } from '../../../src/cli/verbs.js';
import { httpContainer } from '../../support/containers.js';
import { cli } from '../../support/processes.js';
import { stageForEach } from '../../support/stage.js';

const run = promisify(execFile);

const words = (typed: string) => {
  const offered = offer(verbs, typed.split(' '));
  return offered.kind === 'words' ? offered.words : offered;
};

describe('completion', () => {
  it('offers verbs until there is one', () => {
    expect(words('')).to.include.members(['up', 'deploy', 'rotate-keys', 'completion']);
    expect(words('st')).to.include('status');
    expect(words('-c cutover.json ')).to.include('status');
    expect(words('status ')).to.deep.equal([]);
  });

  it('offers the options of the verb that have not been given', () => {
    const all = ['--config', '--log-level', '--workers', '--frontends', '--plain', '--help'];
    expect(words('up -')).to.deep.equal(all);
    expect(words('up -c x --workers 2 --')).to.deep.equal([
      ...['--log-level', '--frontends', '--plain', '--help'],
    ]);
    expect(words('worker --frontend ipc://a --f')).to.include('--frontend');
    expect(words('-')).to.deep.equal(['--config', '--log-level', '--help']);
  });

  it('leaves values of options, and files, to the shell', () => {
    for (const typed of ['up -c ', 'up --config ', 'up -c x --workers ', 'deploy ', 'keygen '])
      expect(words(typed), typed).to.deep.equal([]);
    expect(words('status --json --')).to.include('--watch'); // a flag has no value
  });

  it('offers versions where one is wanted and the configuration is known', () => {
    expect(words('why -c x ')).to.deep.equal({ kind: 'versions', config: 'x' });
    expect(words('--config x promote 2')).to.deep.equal({ kind: 'versions', config: 'x' });
    expect(words('why ')).to.deep.equal([]);
    expect(words('why -c')).to.deep.equal(['--config', '--log-level', '--json', '--help']);
  });

  it('names versions by their numbers, or by ids where a number is not theirs alone', () => {
    const version = (number: string, id: string) => ({ version: number, id });
    expect(namesOf([version('2.0', 'a'), version('1.0', 'b'), version('1.0', 'c')])).to.deep.equal([
      ...['2.0', 'b', 'c'],
    ]);
  });

  describe('in bash', () => {
    const stage = stageForEach();

    /** What bash would offer for these words, the last of which is being typed. */
    async function offered(folder: string, ...typed: readonly string[]) {
      const command = join(folder, 'cutover');
      await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
      await chmod(command, 0o755);
      const script = `source <(cutover completion)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _cutover_yargs_completions
        printf '%s\\n' "\${COMPREPLY[@]}"`;
      const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, SHELL: '/bin/bash' };
      const { stdout, stderr } = await run('bash', ['-c', script, 'bash', 'cutover', ...typed], {
        env,
      });
      return { words: stdout.split('\n').filter(word => word !== ''), stderr };
    }

    async function configWith(port: number) {
      const folder = await stage.folder();
      const file = join(folder, 'config.json');
      const servers = [{ ip: '127.0.0.1', port: 1 }];
      const configService = { ip: '127.0.0.1', port };
      await writeFile(file, JSON.stringify({ cluster: { servers }, configService }));
      return { folder, file };
    }

    it('completes verbs, options and the versions that control knows', async () => {
      const versions = ['2.0', '1.10'].map(version => ({
        ...{
          id: `id-${version}`,
          version,
          state: 'running',
          upgradeTransition: { mode: 'INSTANT' },
        },
        servers: [],
      }));
      const { port } = await httpContainer(stage, (_, response) => {
        response.end(JSON.stringify(versions));
      });
      const { folder, file } = await configWith(port);
      expect(await offered(folder, 'st')).to.deep.equal({ words: ['status'], stderr: '' });
      expect(await offered(folder, 'deploy', '--wa')).to.deep.equal({
        words: ['--wait'],
        stderr: '',
      });
      const asked = await offered(folder, 'promote', '-c', file, '');
      expect(asked).to.deep.equal({ words: ['2.0', '1.10'], stderr: '' });
    });

    it('offers nothing, and says nothing, if control is silent, away, or the file is wrong', async () => {
      const silent = createServer().listen(0, '127.0.0.1');
      stage.atEnd(() => silent.close());
      await once(silent, 'listening');
      const { folder, file } = await configWith((silent.address() as AddressInfo).port);
      const away = await configWith(1);
      for (const config of [file, away.file, join(folder, 'none.json'), folder]) {
        const asked = await offered(folder, 'why', '-c', config, '');
        expect(asked, config).to.deep.equal({ words: [], stderr: '' });
      }
    });
  });
});
