import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Stage } from './stage.js';

/** Which protocol a later build has changed. */
export type Changed = 'device' | 'control';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const versions: Readonly<Record<Changed, { readonly file: string; readonly name: string }>> = {
  device: { file: 'wire/batch.js', name: 'ENVELOPES_VERSION' },
  control: { file: 'wire/control-message.js', name: 'CONTROL_WIRE_VERSION' },
};

/** A copy of this build in which a protocol has the next version; what `cutover` is there. */
export async function nextBuild(stage: Stage, changed: Changed): Promise<string> {
  const folder = await stage.folder();
  for (const part of ['src', 'workers']) {
    await cp(join(root, 'dist', part), join(folder, 'dist', part), { recursive: true });
  }
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const { file, name } = versions[changed];
  await increment(join(folder, 'dist/src', file), name);
  return join(folder, 'dist/src/cli.js');
}

/** `const NAME = 2;` → 3. Throws where there is no such line: the copy would be no later build. */
async function increment(file: string, name: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const line = new RegExp(`(const ${name} = )(\\d+);`);
  const later = text.replace(line, (_, before: string, n: string) => `${before}${Number(n) + 1};`);
  if (later === text) throw new Error(`no ${name} in ${file}`);
  await writeFile(file, later);
}
