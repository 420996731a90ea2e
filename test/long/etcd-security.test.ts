import { expect } from 'chai';
import { Etcd3 } from 'etcd3';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '../../src/kernel/start-error.js';
import { authority, type Certificate } from '../support/certificates.js';
import { StartedControl, type Settings } from '../support/controls.js';
import { describeWithEtcd, EtcdCluster } from '../support/etcd.js';
import { freePort } from '../support/scripted-container.js';
import { stageForAll, stageForEach } from '../support/stage.js';
import { itWith } from '../support/tools.js';
import { eventually } from '../support/within.js';

const PREFIX = '/shop/';
const PASSWORD = 'correct horse';

describeWithEtcd('etcd with certificates and passwords', function () {
  this.timeout(60_000);
  const all = stageForAll();
  const stage = stageForEach();
  let etcd: EtcdCluster | undefined;
  let own: Certificate;
  let folder: string;

  /** Certificates on both sides, and a user who may touch what is under PREFIX only. */
  async function secured(): Promise<EtcdCluster> {
    if (etcd !== undefined) return etcd;
    folder = await all.folder();
    const sign = await authority(all);
    const { ip } = await freePort();
    etcd = await EtcdCluster.start(all, { tls: await sign(ip) });
    own = await sign(ip);
    await addUser(etcd);
    return etcd;
  }

  async function addUser({ endpoints }: EtcdCluster): Promise<void> {
    const client = new Etcd3({
      hosts: [...endpoints],
      credentials: {
        rootCertificate: await readFile(own.ca),
        certChain: await readFile(own.cert),
        privateKey: await readFile(own.key),
      },
    });
    await client.role('root').create();
    await (await client.user('root').create('root')).addRole('root');
    const role = await client.role('shop').create();
    await role.grant({ permission: 'Readwrite', range: client.range({ prefix: PREFIX }) });
    await (await client.user('shop').create(PASSWORD)).addRole('shop');
    await client.auth.authEnable();
    client.close();
  }

  async function settings(registry: Settings = {}): Promise<Settings> {
    const { endpoints } = await secured();
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${PASSWORD}\n`);
    const { ca, cert, key } = own;
    return {
      registry: {
        kind: 'etcd',
        endpoints,
        prefix: PREFIX,
        user: 'shop',
        passwordFile,
        tls: { ca, cert, key },
        ...registry,
      },
    };
  }

  async function refusal(registry: Settings): Promise<string> {
    const started = StartedControl.start(stage, 'a', await settings(registry));
    const cause: unknown = await started.catch((thrown: unknown) => thrown);
    if (cause instanceof StartError) return cause.message;
    throw new Error('a StartError was expected', { cause });
  }

  const itWithCertificates = (what: string, test: Mocha.AsyncFunc) => itWith('openssl', what, test);

  itWithCertificates('keeps what controls share, and tells who leads', async () => {
    const [a, b] = await Promise.all([
      StartedControl.start(stage, 'a', await settings()),
      StartedControl.start(stage, 'b', await settings()),
    ]);
    const { status, id } = await a.put('2.0');
    expect(status).to.equal(202);
    await eventually('the other one has it', async () => (await b.versions())[0]?.id === id);
    await eventually('they know each other', async () => {
      const { leader, controls } = await b.spread();
      return leader !== undefined && controls?.join() === 'a,b';
    });
  });

  itWithCertificates('is told what is wrong with a password', async () => {
    await settings();
    const passwordFile = join(folder, 'wrong');
    await writeFile(passwordFile, 'something else');
    expect(await refusal({ passwordFile })).to.equal(
      'etcd cannot be used: it does not know this user, or not by this password (registry.user, registry.passwordFile)',
    );
    await writeFile(passwordFile, '\n');
    expect(await refusal({ passwordFile })).to.equal(
      `registry.passwordFile: ${passwordFile} cannot be used: it is empty`,
    );
    expect(await refusal({ passwordFile: join(folder, 'missing') })).to.match(
      /^registry\.passwordFile: .*missing cannot be used: no such file$/,
    );
  });

  itWithCertificates('is told that a user may not touch a prefix', async () => {
    expect(await refusal({ prefix: '/other/' })).to.equal(
      'etcd cannot be used: this user may not read and write the keys under registry.prefix',
    );
  });

  itWithCertificates('is told that a certificate is not believed', async () => {
    const stranger = await (await authority(stage))((await freePort()).ip);
    await secured();
    expect(await refusal({ tls: { ca: stranger.ca, cert: own.cert, key: own.key } })).to.match(
      /^etcd cannot be used: no member can be reached: no connection came about: do the endpoints and registry\.tls fit\?$/,
    );
    expect(await refusal({ tls: { ca: own.ca } })).to.match(/^etcd cannot be used: /);
  });
});
