import { expect } from 'chai';
import { Screen } from '../../../../src/operator/live/screen.js';
import { View } from '../../../../src/operator/live/view.js';
import type { ShownLive } from '../../../../src/operator/live/shown-live.js';
import { TerminalScreen } from '../../../support/terminal.js';
import { FakeClock } from '../../support-clock.js';

const line = (message: string, more: object = {}) =>
  `${JSON.stringify({ level: 'info', process: 'up', message, ...more })}\n`;

const live = (version: string): ShownLive => ({
  versions: [
    { id: 'a', version, servers: [], upgradeTransition: { mode: 'INSTANT' }, state: 'complete' },
  ],
  processes: [],
});

function stand(ask?: (address: string) => Promise<ShownLive>) {
  const terminal = new TerminalScreen({ columns: 100, rows: 20 });
  const frames: string[] = [];
  const size = { columns: 100, rows: 20 };
  const canvas = {
    get columns() {
      return size.columns;
    },
    get rows() {
      return size.rows;
    },
    write(text: string) {
      frames.push(text);
      terminal.write(text);
    },
  };
  const clock = new FakeClock();
  const plain: string[] = [];
  const job = { isForeground: true };
  const view = new View({
    screen: new Screen(canvas, true),
    clock,
    release: '1.0.0',
    address: undefined,
    ask,
    isForeground: () => job.isForeground,
    plain: text => void plain.push(text),
  });
  return { view, clock, terminal, frames, plain, job, size };
}

const settled = () => new Promise(resolve => setImmediate(resolve));

describe('View', () => {
  it('paints over the terminal and gives it back as it was, with the last lines below', () => {
    const { view, terminal, plain } = stand();
    terminal.write('$ cutover up\r\n');
    view.show();
    view.log(line('ready'));
    view.paint();
    expect(terminal.isAlternate).to.equal(true);
    expect(terminal.isCursorShown).to.equal(false);
    expect(terminal.text)
      .to.match(/^cutover 1\.0\.0/)
      .and.include('up: ready');
    expect(plain).to.deep.equal([]);
    view.end();
    expect(terminal.isAlternate).to.equal(false);
    expect(terminal.isCursorShown).to.equal(true);
    expect(terminal.wraps).to.equal(true);
    expect(terminal.text).to.equal('$ cutover up');
    expect(plain).to.deep.equal([line('ready')]);
    view.log(line('stopped'));
    expect(plain).to.deep.equal([line('ready'), line('stopped')]);
  });

  it('paints twice a second, each frame in one write that erases nothing before it draws', () => {
    const { view, clock, frames } = stand();
    view.show();
    frames.length = 0;
    clock.advance(2000);
    expect(frames).to.have.lengthOf(4);
    for (const frame of frames) {
      expect(frame)
        .to.match(/^\u001b\[\?2026h\u001b\[Hc?/)
        .and.not.include('\u001b[2J');
      expect(frame.endsWith('\u001b[J\u001b[?2026l')).to.equal(true);
    }
    view.end();
    frames.length = 0;
    clock.advance(2000);
    expect(frames).to.deep.equal([]);
  });

  it('follows the size of the terminal', () => {
    const { view, terminal, size } = stand();
    view.show();
    Object.assign(size, { columns: 10, rows: 1 });
    view.paint();
    expect(terminal.text).to.equal('cutover 1.');
    Object.assign(size, { columns: 0, rows: 0 }); // not known: an old one is supposed
    view.paint();
    expect(terminal.lines[0]).to.include('no control');
    view.end();
  });

  it('leaves the terminal to another job, and takes it again when it comes to the foreground', () => {
    const { view, terminal, plain, job } = stand();
    job.isForeground = false;
    view.show();
    view.log(line('in the background'));
    expect(terminal.isAlternate).to.equal(false);
    expect(plain).to.deep.equal([line('in the background')]);
    job.isForeground = true;
    view.show();
    expect(terminal.isAlternate).to.equal(true);
    view.hide();
    view.show();
    expect(terminal.isAlternate).to.equal(true);
    view.end();
    view.show(); // all is ending: what is logged from now on stays
    expect(terminal.isAlternate).to.equal(false);
  });

  it('keeps no more than the last words of a long life', () => {
    const { view, plain } = stand();
    view.show();
    for (let at = 0; at < 1000; at += 1) view.log(line(`line ${at}`));
    view.end();
    expect(plain).to.have.lengthOf(20);
    expect(plain.at(-1)).to.equal(line('line 999'));
  });

  it('asks control where it said that it listens, once a second, and never twice at a time', async () => {
    const asked: string[] = [];
    const answers: ((value: ShownLive) => void)[] = [];
    const { view, clock, terminal } = stand(address => {
      asked.push(address);
      return new Promise(resolve => answers.push(resolve));
    });
    view.show();
    clock.advance(3000);
    expect(asked).to.deep.equal([]);
    view.log(line('REST', { event: 'control-listening', address: '127.0.0.1:1234' }));
    clock.advance(3000);
    expect(asked).to.deep.equal(['127.0.0.1:1234']);
    answers[0]!(live('7.5'));
    await settled();
    clock.advance(1000);
    expect(asked).to.have.lengthOf(2);
    expect(terminal.text).to.include('7.5');
    view.end();
  });

  it('says that control is away, and shows it again when it is back', async () => {
    let isThere = false;
    const { view, clock, terminal } = stand(() =>
      isThere ? Promise.resolve(live('7.5')) : Promise.reject(new Error('ECONNREFUSED')),
    );
    view.show();
    view.log(line('REST', { event: 'control-listening', address: '127.0.0.1:1234' }));
    const look = async () => {
      clock.advance(1000);
      await settled();
      view.paint();
      return terminal.text;
    };
    expect(await look())
      .to.include('control away')
      .and.include('ECONNREFUSED');
    isThere = true;
    expect(await look())
      .to.include('control 127.0.0.1:1234')
      .and.include('7.5');
    view.end();
  });
});
