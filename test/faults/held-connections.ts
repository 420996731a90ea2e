/** Whose connections a process holds, as the kernel knows it: proc_pid_fd(5), proc_net(5). */
import { readdir, readFile } from 'node:fs/promises';
import { eventually } from '../support/within.js';
import { openFilesOf } from '../support/process-facts.js';

/** Local ports of the clients whose connections to `port` this process has taken. */
export async function clientPortsOf(pid: number, port: number): Promise<ReadonlySet<number>> {
  const held = new Set(
    (await openFilesOf(pid)).flatMap(path => /^socket:\[(\d+)\]$/.exec(path)?.[1] ?? []),
  );
  const table = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').slice(1);
  return new Set(
    table.flatMap(line => {
      const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
      return portIn(local) === port && held.has(inode) ? [portIn(remote)] : [];
    }),
  );
}

const portIn = (address: string) => Number.parseInt(address.split(':')[1] ?? '', 16);

/** SIGSTOP, and waits until no thread of it runs any more. */
export async function freeze(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(`process ${pid} stands still`, async () => {
    const threads = await readdir(`/proc/${pid}/task`);
    const stats = threads.map(each => readFile(`/proc/${pid}/task/${each}/stat`, 'utf8'));
    return (await Promise.all(stats)).every(stat => /\) [TtZX] /.test(stat));
  });
}
