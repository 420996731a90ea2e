/** What stands behind every contender. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nginx, startedNginx } from '../contenders/servers.js';
import { content } from '../programs/content.js';
import { freePort } from './free-port.js';
import { started, type Running } from './program.js';

/** Of the answers that workloads ask for, in bytes. */
export const sizes = [100, 4096, 10_240, 1_048_576, 104_857_600] as const;

/** nginx, so that the server is not the bottleneck; Node where nginx is missing. */
export async function startedFileServer(folder: string): Promise<Running> {
  if (nginx.missing !== undefined) return startedNodeServer(folder);
  await Promise.all(sizes.map(bytes => writeFile(join(folder, String(bytes)), content(bytes))));
  const port = await freePort();
  const files = 'sendfile on; tcp_nopush on; keepalive_timeout 600s; open_file_cache max=16;';
  const server = `server { listen 127.0.0.1:${port} backlog=4096; root ${folder}; }`;
  return startedNginx(port, folder, `${files} open_file_cache_valid 600s; ${server}`);
}

export async function startedNodeServer(folder: string): Promise<Running> {
  const port = await freePort();
  const program = fileURLToPath(new URL('../programs/server.js', import.meta.url));
  return started({ command: process.execPath, args: [program, String(port)], port, folder });
}
