import { expect } from 'chai';
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

  it('moves users from one version to the next, keeps running if asked to, and ends all with Ctrl-C', async function () {
    this.timeout(60_000);
    const folder = await stage.folder();
    const running = new CutoverProcess(stage, ['--keep'], {
      command: [process.execPath, demo],
      env: { TMPDIR: folder, XDG_RUNTIME_DIR: folder },
    });
    await running.printed('curl -N', 40_000);
    expect(running.output).to.match(/1\.0 {2}answered [\d,]+ requests/);
    expect(running.output).to.match(/2\.0 {2}answered [\d,]+ requests/);
    expect(running.output).to.include('nothing was lost');

    const port = Number(/curl -i http:\/\/127\.0\.0\.1:(\d+)\//.exec(running.output)?.[1]);
    const answer = await ask(stage, { port }, 'GET / HTTP/1.1\r\nHost: app\r\n\r\n');
    expect(statusOf(answer)).to.equal(200);
    expect(answer.body.toString()).to.include('Hello from version 2.0');

    const children = await descendantsOf(running.pid);
    expect(children).to.have.lengthOf(8); // four servers, up, a frontend, two workers
    running.signal('SIGINT');
    expect(await running.ended()).to.deep.equal({ code: 0, signal: null });
    await eventually('nothing is left', async () =>
      (await Promise.all(children.map(isAlive))).every(alive => !alive),
    );
  });
});
