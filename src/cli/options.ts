/** Options that several verbs have, and how what is given for them is checked. */
import { z } from 'zod';
import { deviceAddress } from '../config/address.js';
import { advertised } from '../config/device.js';
import { shown } from '../config/problems.js';
import { logLevel, machine, text, zone } from '../config/values.js';
import { StartError } from '../kernel/start-error.js';
import type { Operand, Option } from './verb.js';

/** An argument that must be what the configuration file, too, would take. */
export function checked<Value>(option: string, schema: z.ZodType<Value>, given: unknown): Value {
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const [expected] = error.issues.map(({ message }) => message);
  throw new StartError(`--${option}: expected ${String(expected)}, given ${shown(given)}`, 2);
}

export function once<Value>(option: string, schema: z.ZodType<Value>) {
  return (given: unknown): Value | undefined =>
    given === undefined ? undefined : checked(option, schema, given);
}

/** Of every verb. */
export const common = {
  config: {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    takes: 'FILE',
    describe: 'the configuration file (JSON); every verb but keygen needs it',
    coerce: once('config', text('one path', /./)),
  },
  'log-level': {
    type: 'string',
    requiresArg: true,
    takes: 'LEVEL',
    describe: 'the least urgent log lines that are written',
    defaultDescription: 'log.level',
    coerce: once('log-level', logLevel()),
  },
} as const satisfies Record<string, Option>;

export const name = {
  type: 'string',
  requiresArg: true,
  takes: 'NAME',
  describe: 'what the process is called in logs',
  coerce: once('name', text('a name', /^[\w.-]{1,64}$/)),
} as const satisfies Option;

export const control = {
  type: 'string',
  array: true,
  requiresArg: true,
  takes: 'ADDRESS',
  describe: 'the address at which a control tells of versions; may be repeated',
  defaultDescription: 'device.control',
  coerce: once('control', deviceAddress().array()),
} as const satisfies Option;

export const advertise = {
  type: 'string',
  requiresArg: true,
  takes: 'HOST',
  describe: 'where others reach this machine, if it registers itself in etcd: HOST or ADDRESS',
  defaultDescription: 'device.advertise',
  coerce: once('advertise', advertised()),
} as const satisfies Option;

/** Where the process runs. */
export const place = {
  host: {
    type: 'string',
    requiresArg: true,
    takes: 'NAME',
    describe: 'the machine that it runs on',
    defaultDescription: 'place.host, or the hostname',
    coerce: once('host', machine()),
  },
  zone: {
    type: 'string',
    takes: 'NAME',
    describe: 'the zone that it runs in; empty: none',
    defaultDescription: 'place.zone',
    // Who fills it in by a template may have nothing to fill in.
    coerce: once('zone', zone().or(z.literal(''))),
  },
} as const satisfies Record<string, Option>;

export const json = {
  type: 'boolean',
  default: false,
  describe: 'for machines',
} as const satisfies Option;

export const version = {
  name: 'id',
  // As it was typed: 1.10 is no number.
  type: 'string',
  demandOption: true,
  describe: 'of the version: its id, the beginning of it, or its number',
} as const satisfies Operand;
