import { expect } from 'chai';
import { Download } from '../../../workers/download.js';
import { Upload } from '../../../workers/upload.js';
import { settled } from '../frontend/stand.js';

describe('Upload', () => {
  let granted: number[];
  beforeEach(() => (granted = []));
  const uploading = (more = true) =>
    new Upload({ more, grantFrom: 10, grant: bytes => granted.push(bytes) });
  const textOf = async (part: Promise<Buffer | undefined>) => (await part)?.toString();

  it('has no parts where all came with the head', async () => {
    expect(await uploading(false).next()).to.equal(undefined);
  });

  it('hands out parts in order, and then none', async () => {
    const upload = uploading();
    upload.push(Buffer.from('a'), true);
    upload.push(new Uint8Array([98]), true);
    expect(await textOf(upload.next())).to.equal('a');
    expect(await textOf(upload.next())).to.equal('b');
    const waiting = upload.next();
    upload.push(Buffer.from('c'), false);
    expect(await textOf(waiting)).to.equal('c');
    expect(await upload.next()).to.equal(undefined);
  });

  it('may end with an empty part', async () => {
    const upload = uploading();
    const waiting = upload.next();
    upload.push(Buffer.alloc(0), false);
    expect(await waiting).to.equal(undefined);
  });

  it('gives credit in amounts that are worth it, and none at the end', () => {
    const upload = uploading();
    upload.sent(6);
    upload.sent(6);
    upload.sent(9);
    expect(granted).to.deep.equal([12]);
    upload.push(Buffer.alloc(0), false);
    upload.sent(9);
    expect(granted).to.deep.equal([12]);
  });

  it('ends for whoever waits, and drops what is left', async () => {
    const upload = uploading();
    const waiting = upload.next();
    upload.end();
    expect(await waiting).to.equal(undefined);
    const full = uploading();
    full.push(Buffer.from('a'), true);
    full.end();
    expect(await full.next()).to.equal(undefined);
  });
});

describe('Download', () => {
  async function isPressed(download: Download): Promise<boolean> {
    const { pressure } = download;
    if (pressure === undefined) return false;
    let isOver = false;
    void pressure.then(() => (isOver = true));
    await settled();
    return !isOver;
  }

  it('may send what the window allows, and more with credit', async () => {
    const download = new Download(10);
    expect(await isPressed(download)).to.equal(false);
    download.sent(9);
    expect(await isPressed(download)).to.equal(false);
    download.sent(5);
    expect(await isPressed(download)).to.equal(true);
    download.granted(4);
    expect(await isPressed(download)).to.equal(true, 'that only makes up for it');
    download.granted(1);
    expect(await isPressed(download)).to.equal(false);
  });

  it('wakes who waits, with credit or at the end', async () => {
    const download = new Download(0);
    const first = download.pressure;
    download.granted(1);
    await first;
    download.sent(1);
    const second = download.pressure;
    download.end();
    await second;
    expect(download.pressure).to.equal(undefined);
  });
});
