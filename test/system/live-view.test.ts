import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { counting, httpContainer } from '../support/containers.js';
import { cli, configFor, CutoverProcess, homeFor } from '../support/processes.js';
import { PseudoTerminal } from '../support/pseudo-terminal.js';
import { ask } from '../support/raw-client.js';
import { isReady, seenUp, size } from '../support/seen-up.js';
import { stageForEach } from '../support/stage.js';
import { itWith } from '../support/tools.js';

/** `cutover up` as its operator sees it, on a real pseudo terminal. */

describe('system: the view of cutover up', () => {
  const stage = stageForEach();
  const server = (name: string) => httpContainer(stage, counting({ name }).listener);

  itWith(
    'script',
    'shows versions and processes as they change, and gives the terminal back',
    async () => {
      const { terminal, home, supervisor } = await seenUp(stage);
      await terminal.shows('all that runs', isReady);
      const [, port = ''] = /clients 127\.0\.0\.1:(\d+)/.exec(terminal.screen.text) ?? [];
      await ask(stage, { port: Number(port) }, 'GET / HTTP/1.1\r\nHost: app\r\n\r\n');
      await terminal.shows('who has answered', ({ text }) =>
        /\n1\.0 +complete +INSTANT +█{20} +100 %/.test(text),
      );

      const next = join(home.folder, 'next.json');
      const upgradeTransition = { mode: 'SESSION', sessionTimeout: 60 };
      const cluster = { servers: [await server('v2')], version: '2.0', upgradeTransition };
      await writeFile(next, JSON.stringify({ cluster }));
      const deployed = new CutoverProcess(stage, ['deploy', next, '-c', home.file]);
      expect(await deployed.ended()).to.deep.equal({ code: 0, signal: null });
      await terminal.shows('the next version', ({ text }) => /\n2\.0 +running +SESSION/.test(text));

      await terminal.resize({ columns: 60, rows: 16 });
      await terminal.shows('all that runs, in less room', isReady);
      expect(terminal.screen.text).to.not.include('RESCUED');

      process.kill(await supervisor(), 'SIGTERM');
      expect(await terminal.ended()).to.equal(0);
      const { isAlternate, isCursorShown, wraps } = terminal.screen;
      expect({ isAlternate, isCursorShown, wraps }).to.deep.equal({
        ...{ isAlternate: false, isCursorShown: true, wraps: true },
      });
      expect(terminal.bytes).to.include('ended with exit code 0');
    },
  ).timeout(60_000);

  itWith('script', 'gives the terminal back when it cannot start, and says why', async () => {
    const [one, taken] = [await server('v1'), await server('other')];
    const home = await homeFor(stage, { ...configFor([one]), proxy: taken });
    const command = `${process.execPath} ${cli} up -c ${home.file}`;
    const terminal = new PseudoTerminal(stage, command, { ...size, env: home.env });
    expect(await terminal.ended()).to.equal(1);
    const { isAlternate, isCursorShown, text } = terminal.screen;
    expect({ isAlternate, isCursorShown }).to.deep.equal({
      isAlternate: false,
      isCursorShown: true,
    });
    expect(text).to.match(/cutover: .*is taken/);
  }).timeout(30_000);
});
