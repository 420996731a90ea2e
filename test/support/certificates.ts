/** Certificates of a test's own, made by openssl(1). */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Stage } from './stage.js';

const run = promisify(execFile);

export interface Certificate {
  /** Of who has signed it. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Somebody who signs: every certificate that he has signed is believed by who believes his. */
export async function authority(stage: Stage): Promise<(ip: string) => Promise<Certificate>> {
  const folder = await stage.folder();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => run('openssl', args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...['req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem'],
    ...['-subj', '/CN=ca', '-days', '2'],
  );
  let made = 0;
  return async ip => {
    const name = `${(made += 1)}`;
    await writeFile(
      at(`${name}.ext`),
      `subjectAltName=IP:${ip}\nextendedKeyUsage=serverAuth,clientAuth\n`,
    );
    await openssl(
      ...['req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/O=cutover'],
    );
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['-CAcreateserial', '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    );
    return { ca: at('ca.pem'), cert: at(`${name}.pem`), key: at(`${name}.key`) };
  };
}
