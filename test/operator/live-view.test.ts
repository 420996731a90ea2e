import { expect } from 'chai';
import { isReady, seenUp } from '../support/seen-up.js';
import { stageForEach } from '../support/stage.js';
import { itWith } from '../support/tools.js';

/** The view and the jobs of a shell: what a person does with `cutover up` by the keyboard. */

describe('the view of cutover up in a shell', () => {
  const stage = stageForEach();

  itWith(
    'script',
    'gives the terminal back on Ctrl-Z, paints again in the foreground, ends with Ctrl-C',
    async () => {
      const { terminal, supervisor } = await seenUp(stage, { inShell: true });
      await terminal.shows('all that runs', isReady);
      const pid = await supervisor();
      terminal.type('\u001a');
      await terminal.shows('the terminal of the shell', ({ isAlternate }) => !isAlternate);
      terminal.type('fg\n');
      await terminal.shows('the view again', isReady);
      expect(await supervisor()).to.equal(pid);
      terminal.type('\u0003');
      await terminal.shows('the end', ({ text }) => text.includes('stopping on SIGINT'));
      terminal.type('exit\n');
      await terminal.ended();
    },
  ).timeout(60_000);

  const plain = [
    { name: 'in the background of a shell', how: { inShell: true, more: '&' } },
    { name: 'with --plain', how: { more: '--plain' } },
    { name: 'on a dumb terminal', how: { env: { TERM: 'dumb' } } },
  ];
  for (const { name, how } of plain) {
    itWith('script', `writes plain log lines ${name}`, async () => {
      const { terminal, supervisor } = await seenUp(stage, how);
      await terminal.shows('log lines', ({ text }) => /ready for\s+clients/.test(text));
      expect(terminal.bytes).not.to.include('\u001b[?1049h');
      process.kill(await supervisor(), 'SIGTERM');
      await terminal.shows('the end', ({ text }) => text.includes('stopping on SIGTERM'));
    }).timeout(60_000);
  }

  itWith('script', 'has no colours where NO_COLOR is set', async () => {
    const { terminal } = await seenUp(stage, { env: { NO_COLOR: '1' } });
    await terminal.shows('all that runs', isReady);
    expect(terminal.bytes).not.to.match(/\u001b\[[\d;]*m/);
    terminal.type('\u0003');
    expect(await terminal.ended()).to.equal(0);
  }).timeout(60_000);
});
