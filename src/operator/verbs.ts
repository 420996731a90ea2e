/** The operator's verbs: each asks control, and returns what is to be printed. */
import { onlyToFallBackOn, sameNumber } from './added.js';
import { OperatorError, type ControlClient, type Verb } from './control-client.js';
import { namedVersion } from './named-version.js';
import type { Terminal } from './progress-display.js';
import type { ShownVersion } from './shown-version.js';
import { controlsLine, eventTable, statusTable } from './status-table.js';
import { printable } from './text-table.js';
import { waited, type Waited, type Waiting } from './wait.js';
import { whyReport } from './why-report.js';

export interface How {
  /** For machines instead of people. */
  readonly json: boolean;
}

export async function status(client: ControlClient, { json }: How): Promise<string> {
  const versions = await client.versions();
  if (json) return inJson(versions);
  return statusTable(versions) + controlsLine(await client.spread());
}

export async function events(client: ControlClient, { json }: How): Promise<string> {
  const happened = await client.events();
  return json ? inJson(happened) : eventTable(happened);
}

/** `name`: as `namedVersion` takes it. */
export async function why(client: ControlClient, name: string, { json }: How): Promise<string> {
  const { id } = namedVersion(await client.versions(), name);
  const known = await client.why(id);
  return json ? inJson(known) : whyReport(known);
}

/**
 * `body`: what `PUT /configuration/cluster` takes, or only what stands in its `cluster`. On `terminal` it says
 * what its caller may not have meant.
 */
export async function deploy(
  client: ControlClient,
  body: unknown,
  { json, terminal }: How & { readonly terminal: Terminal },
): Promise<string> {
  const id = await client.deploy(clusterIn(body));
  const because = await noticed(client, id, terminal);
  if (because !== undefined) terminal.write(`${printable(because)}\n`);
  return done(id, 'added', json);
}

/** What a wait needs beside the id, and where results go: the id is told before the wait. */
export interface Patience extends Omit<Waiting, 'id'> {
  print(text: string): unknown;
}

/**
 * Throws OperatorError if the upgrade did not come to a good end in time. To machines it prints one value,
 * at the end, however that is.
 */
export async function deployAndWait(
  client: ControlClient,
  body: unknown,
  { json, ...patience }: How & Patience,
): Promise<void> {
  const id = await client.deploy(clusterIn(body));
  if (!json) patience.print(done(id, 'added', json));
  const useless = await noticed(client, id, patience.terminal);
  const end: Waited =
    useless === undefined
      ? await waited(client, { ...patience, id })
      : { kind: 'useless', says: useless };
  if (json) patience.print(`${JSON.stringify({ id, ended: end.kind, because: end.says })}\n`);
  else if (end.kind === 'good') patience.print(done(id, `is ${end.says}`, json));
  if (end.kind !== 'good') throw new OperatorError(complaint(id, end));
}

/** Says which others have its number; returns why waiting for it is of no use, if so. */
async function noticed(
  client: ControlClient,
  id: string,
  terminal: Terminal,
): Promise<string | undefined> {
  const versions = await client.versions().catch(noneIfAway);
  for (const { version, id: other, state } of sameNumber(versions, id)) {
    terminal.write(`${printable(`${version} is there already: ${other}, ${state}`)}\n`);
  }
  return onlyToFallBackOn(versions, id);
}

/** It was added: that control is away now must not look as if it had not been. */
function noneIfAway(cause: unknown): readonly ShownVersion[] {
  if (cause instanceof OperatorError && cause.failure === 'unreachable') return [];
  throw cause;
}

const complaint = (id: string, end: Waited) =>
  end.kind === 'useless' ? end.says : complaintOf(id, end);

const complaintOf = (id: string, { kind, says }: Waited) =>
  `${id} is ${says}${kind === 'gone' ? '' : `\n  cutover why ${id} tells more`}`;

export async function rotateKeys(client: ControlClient, { json }: How): Promise<string> {
  const edition = await client.rotateKeys();
  return json
    ? `${JSON.stringify({ edition })}\n`
    : 'session keys rotated: a new one signs, older ones are still believed\n';
}

export async function remove(client: ControlClient, name: string, { json }: How): Promise<string> {
  const { id } = namedVersion(await client.versions(), name);
  await client.remove(id);
  return done(id, 'removed', json);
}

const told: Readonly<Record<Verb, string>> = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  abort: 'aborted',
};

export async function tell(
  client: ControlClient,
  { verb, name }: { readonly verb: Verb; readonly name: string },
  { json }: How,
): Promise<string> {
  const { id } = namedVersion(await client.versions(), name);
  await client.tell(id, verb);
  return done(id, told[verb], json);
}

const inJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const done = (id: string, what: string, json: boolean) =>
  json ? `${JSON.stringify({ id })}\n` : `${id} ${what}\n`;

/** Control would take it for 0.0, which is older than whatever is there. */
export function lacksVersion(body: unknown): boolean {
  const cluster = clusterIn(body);
  return typeof cluster === 'object' && cluster !== null && !('version' in cluster);
}

/** With or without the `cluster` around it: control says what is wrong with it. */
function clusterIn(body: unknown): unknown {
  const isWrapped = typeof body === 'object' && body !== null && 'cluster' in body;
  return isWrapped ? body.cluster : body;
}
