import { fileURLToPath } from 'node:url';
import { freePort } from '../system/free-port.js';
import { started } from '../system/program.js';
import type { Contender } from './contender.js';

/** A proxy of npm in a process of its own. */
const nodeProxy = (name: string, file: string): Contender => ({
  name,
  missing: isResolved(name) ? undefined : `${name} is not installed`,
  async start({ server, folder }) {
    const port = await freePort();
    const program = fileURLToPath(new URL(`../programs/${file}`, import.meta.url));
    const args = [program, String(port), String(server)];
    return started({ command: process.execPath, args, port, folder });
  },
});

function isResolved(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

export const httpProxy3 = nodeProxy('http-proxy-3', 'http-proxy-3.js');
export const fastifyHttpProxy = nodeProxy('@fastify/http-proxy', 'fastify-http-proxy.js');
