import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { makeRuntimeFolder, meetingPlace } from '../../../src/supervisor/runtime-folder.js';

const uid = process.getuid?.() ?? 0;
const proxy = { host: '::1', port: 8080 };

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (cause: unknown) => (cause as Error).message,
  );

describe('runtime folder', () => {
  let base: string;
  beforeEach(async () => (base = await mkdtemp(join(tmpdir(), 'cutover-test-'))));
  afterEach(() => rm(base, { recursive: true }));

  it('is private, and so are its files', async () => {
    const folder = await makeRuntimeFolder({ base, uid });
    const path = await folder.keep('config-1.json', '{}');
    const [name = ''] = await readdir(base);
    expect(name).to.match(new RegExp(`^cutover-${uid}-\\w{6}$`));
    expect((await stat(join(base, name))).mode & 0o777).to.equal(0o700);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(path, 'utf8')).to.equal('{}');
    expect(folder.device('frontend-1')).to.equal(`ipc://${base}/${name}/frontend-1.ipc`);
    folder.remove();
    expect(await readdir(base)).to.deep.equal([]);
  });

  it('names the folder that cannot be written to', async () => {
    const missing = join(base, 'missing');
    expect(await messageOf(makeRuntimeFolder({ base: missing, uid }))).to.equal(
      `cannot make a private folder in ${missing} (ENOENT): ` +
        'set XDG_RUNTIME_DIR to a folder that can be written to',
    );
  });

  it('names a path that is too long for a socket', async () => {
    const long = join(base, 'x'.repeat(90));
    await mkdir(long);
    const folder = await makeRuntimeFolder({ base: long, uid });
    expect(() => folder.device('frontend-1')).to.throw(/is too long for a socket \(107 bytes\)/);
  });

  it('lets roles that are started one by one meet', async () => {
    const surroundings = { base, uid };
    const first = await meetingPlace(surroundings, proxy);
    expect(await meetingPlace(surroundings, proxy)).to.equal(first);
    expect(basename(first)).to.equal('frontend-__1-8080.ipc');
  });

  it('believes no meeting place that others can write to', async () => {
    const path = join(base, `cutover-${uid}`);
    await mkdir(path);
    await chmod(path, 0o777);
    expect(await messageOf(meetingPlace({ base, uid }, proxy))).to.equal(
      `${path} is not a folder of this user alone: remove it, or set device.frontends`,
    );
  });
});
