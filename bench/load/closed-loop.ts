/**
 * As many requests as the other side answers: each client sends its next one when it has its answer.
 * By wrk, or where it is missing by autocannon, which is itself the bottleneck then.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadFiguresOfAutocannon } from '../figures/autocannon-output.js';
import { loadFiguresOfWrk, type LoadFigures } from '../figures/wrk-output.js';
import { content } from '../programs/content.js';
import { LOOPBACK } from '../system/free-port.js';
import { isInstalled } from '../system/program.js';
import type { Ask, Headers } from './ask.js';

export interface Load {
  readonly ask: Ask;
  readonly headers: Headers;
  readonly port: number;
  readonly seconds: number;
  /** For files that the generator reads. */
  readonly folder: string;
}

const hasWrk = isInstalled('wrk', '-v');

export const generator = hasWrk ? 'wrk' : 'autocannon';
export const closedLoop: (load: Load) => Promise<LoadFigures> = hasWrk ? byWrk : byAutocannon;

const MOST_OUTPUT = 16_777_216; // bytes

async function byWrk(load: Load): Promise<LoadFigures> {
  const { ask, headers, port, seconds, folder } = load;
  const script = ask.upload === undefined ? [] : ['-s', await luaFor(ask.upload, folder)];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const amounts = ['-t1', `-c${ask.connections}`, `-d${seconds}s`, '--timeout', '30s'];
  const args = [...amounts, '--latency', ...script, ...fields, urlOf(port, ask)];
  return loadFiguresOfWrk((await promisify(execFile)('wrk', args)).stdout);
}

async function luaFor(bytes: number, folder: string): Promise<string> {
  const file = join(folder, `upload-${bytes}.lua`);
  await writeFile(file, `wrk.method = "POST"\nwrk.body = string.rep("x", ${bytes})\n`);
  return file;
}

async function byAutocannon(load: Load): Promise<LoadFigures> {
  const { ask, headers, port, seconds, folder } = load;
  const program = createRequire(import.meta.url).resolve('autocannon');
  const input = join(folder, 'upload');
  if (ask.upload !== undefined) await writeFile(input, content(ask.upload));
  const body = ask.upload === undefined ? [] : ['-m', 'POST', '-i', input];
  const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`]);
  const amounts = ['-c', String(ask.connections), '-d', String(seconds), '-t', '30'];
  const args = [program, '--json', ...amounts, ...body, ...fields, urlOf(port, ask)];
  const options = { maxBuffer: MOST_OUTPUT };
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return loadFiguresOfAutocannon(stdout);
}

const urlOf = (port: number, { path }: Ask) => `http://${LOOPBACK}:${port}${path}`;
