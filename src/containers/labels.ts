/** What a container says of itself by its labels: the words of `PUT /configuration/cluster`, one a label. */
import { z } from 'zod';
import { cluster, dottedVersion, type UpgradeTransition } from '../config/cluster.js';
import { nearest } from '../config/nearest.js';
import { problemsOf, type Problem } from '../config/problems.js';
import { port, zone } from '../config/values.js';
import type { Container } from './engine.js';
import { PREFIX } from './inspected.js';

export interface Labelled {
  readonly version: string;
  readonly port: number;
  readonly zone?: string | undefined;
  readonly transition: UpgradeTransition;
}

export type Read =
  | { readonly ok: true; readonly labelled: Labelled }
  /** What is wrong, and what to do, in one line. */
  | { readonly ok: false; readonly because: string };

/** On containers that control started: which Cutover, and for which cluster. */
export const OWNER = `${PREFIX}owner`;
export const CLUSTER = `${PREFIX}cluster`;

/** Whether another Cutover started it: it is left alone. */
export const isAnothers = (labels: Container['labels'], owner: string): boolean =>
  labels[OWNER] !== undefined && labels[OWNER] !== owner;

/** What is left where the labels of ours are taken away. */
export const withoutOwner = (labels: Container['labels']): Container['labels'] =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== OWNER && name !== CLUSTER));

const number = (text: string): unknown => (/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const list = (text: string): readonly string[] => text.split(',').map(each => each.trim());

/** How the text of a label becomes the value that the schema of clusters wants. */
const options: Readonly<Record<string, (text: string) => unknown>> = {
  mode: String,
  sessionTimeout: number,
  percentageTransitionPerRequest: number,
  duration: String,
  steps: text => list(text).map(number),
  methods: list,
  promote: String,
};
const known = ['version', 'port', 'zone', ...Object.keys(options)];

const schema = z.strictObject({
  // Where the file and REST have a default, a label that is missing was forgotten.
  version: dottedVersion,
  port: port(),
  zone: zone().optional(),
  upgradeTransition: cluster.shape.upgradeTransition,
});

export function labelledBy(labels: Readonly<Record<string, string>>): Read {
  const own = new Map(
    Object.entries(labels).flatMap(([name, text]) =>
      name.startsWith(PREFIX) ? [[name.slice(PREFIX.length), text] as const] : [],
    ),
  );
  const strangers = [...own.keys()].filter(name => !known.includes(name));
  const value = {
    version: own.get('version'),
    port: own.has('port') ? number(own.get('port') ?? '') : undefined,
    ...(own.has('zone') && { zone: own.get('zone') }),
    upgradeTransition: transitionIn(own),
  };
  const { success, data, error } = schema.safeParse(value);
  if (success && strangers.length === 0) {
    const { upgradeTransition: transition, ...labelled } = data;
    return { ok: true, labelled: { ...labelled, transition } };
  }
  const problems = success ? [] : problemsOf(error.issues, value).map(said);
  return { ok: false, because: [...strangers.map(unknown), ...problems].join('; ') };
}

/** Undefined where no label speaks of it: the schema knows the default. */
function transitionIn(own: ReadonlyMap<string, string>): unknown {
  const given = Object.entries(options).flatMap(([name, read]) => {
    const text = own.get(name);
    return text === undefined ? [] : [[name, read(text)] as const];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function unknown(name: string): string {
  const meant = nearest(name, known);
  const hint =
    meant === undefined ? `known are ${known.join(', ')}` : `is ${PREFIX}${meant} meant?`;
  return `label ${PREFIX}${name} is unknown; ${hint}`;
}

/** The schema's paths are those of JSON. */
const said = ({ message }: Problem): string =>
  `label ${message.replace(/^upgradeTransition(?=:)/, 'mode').replace(/^(upgradeTransition\.)?/, PREFIX)}`;
