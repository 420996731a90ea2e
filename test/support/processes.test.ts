import { expect } from 'chai';
import { descriptorsOf, childrenOf, isAlive, memoryOf } from './process-facts.js';
import { CutoverProcess } from './processes.js';
import { Stage, stageForEach } from './stage.js';
import { eventually } from './within.js';

/** Stands in for Cutover: anything that writes JSON lines. */
const script = (text: string) => ({ command: [process.execPath, '-e', text] as const });
const log = (fields: object) => `console.log('${JSON.stringify(fields)}');`;
const staying = 'setInterval(() => undefined, 1000);';

describe('support: processes', () => {
  const stage = stageForEach();
  const start = (text: string) => new CutoverProcess(stage, [], script(text));

  it('yields the event that was logged, or will be', async () => {
    const ready = log({ event: 'worker-ready', name: 'w', frontends: [] });
    const cutover = start(`${ready} setTimeout(() => { ${log({ event: 'worker-stopped' })} }, 50)`);
    expect((await cutover.logged('worker-ready')).name).to.equal('w');
    await cutover.logged('worker-stopped');
    await cutover.logged('worker-ready');
    expect(cutover.all('worker-ready')).to.have.lengthOf(1);
    expect(await cutover.ended()).to.deep.equal({ code: 0, signal: null });
  });

  it('tells what was said instead of the event', async () => {
    const cutover = start('console.log("good"); console.error("bye"); process.exitCode = 2');
    const fault = await cutover.logged('worker-ready').catch(String);
    expect(fault).to.include('ended without worker-ready').and.include('good').and.include('bye');
    expect((await cutover.ended()).code).to.equal(2);
  });

  it('ends a process with its children, also those that have lost their parent', async () => {
    const inner = new Stage();
    const spawning = `
      const { pid } = require('node:child_process').spawn(process.execPath, ['-e', '${staying}']);
      console.log(JSON.stringify({ event: 'role-started', role: 'worker', pid })); ${staying}`;
    const cutover = new CutoverProcess(inner, [], script(spawning));
    const { pid } = await cutover.logged('role-started');
    expect(await childrenOf(cutover.pid)).to.deep.equal([pid]);
    cutover.signal('SIGKILL');
    await new Promise(resume => setImmediate(resume));
    await inner.clear();
    expect(await isAlive(cutover.pid)).to.be.false;
    // The kernel ends it in its own time: nobody is its parent any more, who could be told.
    await eventually('its child has ended', async () => !(await isAlive(pid)));
  });

  it('knows memory and descriptors of a process', async () => {
    const cutover = start(
      `globalThis.kept = Buffer.alloc(50e6, 1); ${log({ event: 'worker-ready' })} ${staying}`,
    );
    await cutover.logged('worker-ready');
    const { now, peak } = await memoryOf(cutover.pid);
    expect(now).to.be.within(50e6, 400e6);
    expect(peak).to.be.at.least(now);
    expect(await descriptorsOf(cutover.pid)).to.be.within(3, 100);
    await cutover.stop();
  });
});
