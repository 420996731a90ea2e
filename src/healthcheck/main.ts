#!/usr/bin/env node
/**
 * For HEALTHCHECK of the Dockerfile: asks the role that process 1 runs, by its configuration, whether it is well.
 * Exit code 0: yes; 1: no, and why on standard output.
 */
import { readFile } from 'node:fs/promises';
import { argv, exit, stdout } from 'node:process';
import { parseConfig } from '../config/config.js';
import { messageOf } from '../kernel/errors.js';
import { ailment, runningIn } from './health.js';

/** Another process than the first may be named: where Cutover was not started as the first one. */
const [, , pid = '1'] = argv;

async function ill(): Promise<string | undefined> {
  const running = runningIn(await readFile(`/proc/${pid}/cmdline`, 'utf8'));
  if (running === undefined) return `process ${pid} runs no role of cutover with -c FILE`;
  const parsed = parseConfig(JSON.parse(await readFile(running.configFile, 'utf8')));
  if (!parsed.ok) return `${running.configFile} has problems`;
  return ailment(running, parsed.config);
}

const because = await ill().catch(messageOf);
if (because !== undefined) stdout.write(`${because}\n`);
exit(because === undefined ? 0 : 1);
