/** The operator's verbs: each asks control and prints what it is told. */
import { readJsonFile } from '../config/file.js';
import { systemClock } from '../kernel/clock.js';
import { StartError } from '../kernel/start-error.js';
import { OperatorError, type ControlClient, type Verb } from '../operator/control-client.js';
import * as operator from '../operator/verbs.js';
import { clientOf } from './configured.js';
import type { Common } from './verb.js';

interface Asking extends Common {
  readonly json: boolean;
}
interface OfVersion extends Asking {
  readonly id: string;
}
interface Deploying extends Asking {
  readonly file: string;
  readonly wait: boolean | undefined;
  readonly timeout: number | undefined;
}

/** Milliseconds between two looks. */
const WATCH = 1000;

export async function status(given: Asking & { readonly watch: boolean }): Promise<void> {
  const client = await clientOf(given);
  process.stdout.write(await operator.status(client, given));
  while (given.watch) {
    await new Promise<void>(resolve => void systemClock.after(WATCH, resolve));
    process.stdout.write(`\n${await operator.status(client, given).catch(awayFor)}`);
  }
}

/** Control may be back at the next look. */
function awayFor(cause: unknown): string {
  if (cause instanceof OperatorError && cause.failure === 'unreachable')
    return `${cause.message}\n`;
  throw cause;
}

export async function deploy(given: Deploying): Promise<void> {
  const client = await clientOf(given);
  const body = await jsonOf(given.file);
  if (operator.lacksVersion(body)) {
    throw new StartError(`${given.file}: no version: say which one it is ("version": "1.1")`, 2);
  }
  if (given.wait !== true) {
    const terminal = process.stderr;
    process.stdout.write(await operator.deploy(client, body, { ...given, terminal }));
    return;
  }
  await operator.deployAndWait(client, body, {
    ...given,
    clock: systemClock,
    terminal: process.stderr,
    print: text => process.stdout.write(text),
  });
}

async function jsonOf(path: string): Promise<unknown> {
  const file = await readJsonFile(path);
  if (file.ok) return file.value;
  throw new StartError(`${path}: ${file.problem.message}`, 2);
}

/** A verb that asks once and prints what it is told. */
const asking =
  <Given extends Asking>(verb: (client: ControlClient, given: Given) => Promise<string>) =>
  async (given: Given) => {
    process.stdout.write(await verb(await clientOf(given), given));
  };

export const happened = asking<Asking>(operator.events);
export const rotateKeys = asking<Asking>(operator.rotateKeys);

export const explain = asking((client, given: OfVersion) => operator.why(client, given.id, given));

export const remove = asking((client, given: OfVersion) =>
  operator.remove(client, given.id, given),
);

export const tell = (given: OfVersion, verb: Verb): Promise<void> =>
  asking((client, { id }: OfVersion) => operator.tell(client, { verb, name: id }, given))(given);
