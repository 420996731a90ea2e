/** The operator's verbs: each asks control, and returns what is to be printed. */
import type { ControlClient, Verb } from './control-client.js';
import { namedVersion } from './named-version.js';
import { statusTable } from './status-table.js';

export interface How {
  /** For machines instead of people. */
  readonly json: boolean;
}

export async function status(client: ControlClient, { json }: How): Promise<string> {
  const versions = await client.versions();
  return json ? `${JSON.stringify(versions, null, 2)}\n` : statusTable(versions);
}

/** `body`: what `PUT /configuration/cluster` takes. */
export async function deploy(client: ControlClient, body: unknown, { json }: How): Promise<string> {
  const id = await client.deploy(clusterIn(body));
  return done(id, 'added', json);
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
export const verbs = Object.keys(told) as readonly Verb[];

export async function tell(
  client: ControlClient,
  { verb, name }: { readonly verb: Verb; readonly name: string },
  { json }: How,
): Promise<string> {
  const { id } = namedVersion(await client.versions(), name);
  await client.tell(id, verb);
  return done(id, told[verb], json);
}

const done = (id: string, what: string, json: boolean) =>
  json ? `${JSON.stringify({ id })}\n` : `${id} ${what}\n`;

/** With or without the `cluster` around it: control says what is wrong with it. */
function clusterIn(body: unknown): unknown {
  const isWrapped = typeof body === 'object' && body !== null && 'cluster' in body;
  return isWrapped ? body.cluster : body;
}
