import { expect } from 'chai';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { statusOf } from '../support/http-message.js';
import { descendantsOf, isAlive } from '../support/process-facts.js';
import { CutoverProcess } from '../support/processes.js';
import { ask } from '../support/raw-client.js';
import { stageForEach } from '../support/stage.js';
import { eventually } from '../support/within.js';

const demo = fileURLToPath(new URL('../../examples/demo.js', import.meta.url));

describe('system: the demo', () => {
  const stage = stageForEach();

  async function started(...options: readonly string[]) {
    const folder = await stage.folder();
    const running = new CutoverProcess(stage, options, {
      command: [process.execPath, demo],
      env: { TMPDIR: folder, XDG_RUNTIME_DIR: folder },
    });
    return { folder, running };
  }

  async function interrupted(running: CutoverProcess) {
    const children = await descendantsOf(running.pid);
    running.signal('SIGINT');
    const exit = await running.ended();
    await eventually('nothing is left', async () =>
      (await Promise.all(children.map(isAlive))).every(alive => !alive),
    );
    return { children, exit };
  }

  it('moves users to a good version, takes a broken one back, loses nothing, and keeps running if asked to', async function () {
    this.timeout(90_000);
    const { running } = await started('--keep');
    await running.printed('curl -N', 60_000);
    expect(running.output).to.include(', lost 0\n');
    const [, sent = '', answered = ''] =
      /requests sent ([\d,]+), answered ([\d,]+), lost 0\n/.exec(running.output) ?? [];
    expect(Number(sent.replaceAll(',', ''))).to.be.greaterThan(1000);
    expect(answered).to.equal(sent);
    expect(running.output).to.match(/ {2}░+█+ {2}1\.0 +\d+ {2}2\.0 +\d+ {2}0 lost\n/);
    expect(running.output).to.match(/\n {2}1\.0 answered [1-9][\d,]*\n {2}2\.0 answered [1-9]/);
    expect(running.output).to.include('\n  3.0 answered 0\n');
    expect(running.output).to.match(
      /3\.0 was taken back after [1-9][\d,]* requests and [\d,]+ ms\n/,
    );
    expect(running.output).to.match(/why: version 3\.0 is unhealthy: it fails more often/);

    const port = Number(/curl -i http:\/\/127\.0\.0\.1:(\d+)\//.exec(running.output)?.[1]);
    const answer = await ask(stage, { port }, 'GET / HTTP/1.1\r\nHost: app\r\n\r\n');
    expect(statusOf(answer)).to.equal(200);
    expect(answer.body.toString()).to.include('Hello from version 2.0');

    const { children, exit } = await interrupted(running);
    expect(children).to.have.lengthOf(11); // six servers, up, control, a frontend, two workers
    expect(exit).to.deep.equal({ code: 0, signal: null });
  });

  it('ends all with Ctrl-C in the middle of an upgrade, and leaves no file behind', async function () {
    this.timeout(60_000);
    const { folder, running } = await started();
    await running.printed('a worker is killed', 40_000);
    const { exit } = await interrupted(running);
    expect(exit).to.deep.equal({ code: 130, signal: null });
    expect(await readdir(folder)).to.deep.equal([]);
  });
});
