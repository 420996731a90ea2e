/**
 * The table of verbs. What a verb does is loaded when it is run: help and completion answer without it,
 * and no role loads what another one needs.
 */
import { deviceAddress } from '../config/address.js';
import { counts } from '../config/config.js';
import { seconds, text } from '../config/values.js';
import type { Verb as Told } from '../operator/control-client.js';
import { advertise, checked, control, json, name, once, place, version } from './options.js';
import { verb, type Verb } from './verb.js';

const roles = () => import('./roles.js');
const files = () => import('./files.js');
const upgrades = () => import('./upgrades.js');

const up = verb(
  {
    workers: {
      type: 'number',
      requiresArg: true,
      takes: 'N',
      describe: 'how many workers',
      defaultDescription: 'workers.count',
      coerce: once('workers', counts.workers),
    },
    frontends: {
      type: 'number',
      requiresArg: true,
      takes: 'N',
      describe: 'how many frontends',
      defaultDescription: 'frontends.count',
      coerce: once('frontends', counts.frontends),
    },
    plain: {
      type: 'boolean',
      default: false,
      describe: 'log lines instead of the view, on a terminal as well',
    },
  },
  {
    name: 'up',
    group: 'roles',
    needsConfig: true,
    describe: 'start all roles on this machine and keep them alive',
    more: [
      'What dies is started again. SIGTERM or SIGINT drains, a second one ends at once; SIGHUP reads the file again and replaces what has changed.',
      'In the foreground of a terminal it shows a view that is painted anew twice a second; elsewhere, and with --plain, it writes log lines. The view respects NO_COLOR, and gives the terminal back when it ends, is stopped or continued.',
    ],
    run: async given => (await roles()).up(given),
  },
);

const frontend = verb(
  {
    name,
    device: {
      type: 'string',
      requiresArg: true,
      takes: 'ADDRESS',
      describe: 'the address at which workers find it',
      defaultDescription: 'the first of device.frontends',
      coerce: once('device', deviceAddress()),
    },
    control,
    advertise,
    ...place,
  },
  {
    name: 'frontend',
    group: 'roles',
    needsConfig: true,
    describe: 'start a frontend: it takes clients',
    run: async given => (await roles()).frontend(given),
  },
);

const worker = verb(
  {
    name,
    frontend: {
      type: 'string',
      array: true,
      requiresArg: true,
      takes: 'ADDRESS',
      describe: 'the address of the device of a frontend; may be repeated',
      defaultDescription: 'device.frontends',
      coerce: once('frontend', deviceAddress().array()),
    },
    control,
    ...place,
  },
  {
    name: 'worker',
    group: 'roles',
    needsConfig: true,
    describe: 'start a worker: it asks the servers',
    more: ['Any number, at any time, on any machine; nothing is reconfigured.'],
    run: async given => (await roles()).worker(given),
  },
);

const controlVerb = verb(
  {
    name,
    announce: {
      type: 'string',
      requiresArg: true,
      takes: 'ADDRESS',
      describe: 'the address at which workers hear of versions',
      defaultDescription: 'the first of device.control',
      coerce: once('announce', deviceAddress()),
    },
    advertise,
    registry: {
      type: 'string',
      requiresArg: true,
      takes: 'FILE',
      describe: 'the file of versions, if registry.file does not say it; its folder is made',
      coerce: once('registry', text('one path', /./)),
    },
  },
  {
    name: 'control',
    group: 'roles',
    needsConfig: true,
    describe: 'start control: it keeps the versions',
    more: [
      'There is one for a system, or several that share a registry in etcd. Each serves the REST API on its configService.',
    ],
    run: async given => (await roles()).control(given),
  },
);

const check = verb(
  { json },
  {
    name: 'check',
    group: 'files',
    needsConfig: true,
    describe: 'say what is wrong with a configuration',
    more: ['Every problem at once, each with its path; or what would be started.'],
    run: async given => (await files()).check(given),
  },
);

const status = verb(
  { json, watch: { type: 'boolean', default: false, describe: 'again every second' } },
  {
    name: 'status',
    group: 'upgrades',
    needsConfig: true,
    describe: 'show all versions',
    more: ['Newest first: state, progress, verdict, live sessions.'],
    run: async given => (await upgrades()).status(given),
  },
);

const deploy = verb(
  {
    json,
    wait: {
      type: 'boolean', // a default would count as given, for what implies it
      describe: 'until the upgrade is complete or healthy, or fails: then it ends with 1',
    },
    timeout: {
      type: 'number',
      requiresArg: true,
      takes: 'SECONDS',
      implies: 'wait',
      describe: 'seconds; then it ends with 1 and leaves the upgrade as it is',
      defaultDescription: 'as long as it takes',
      coerce: once('timeout', seconds()),
    },
  },
  {
    name: 'deploy',
    group: 'upgrades',
    needsConfig: true,
    describe: 'add a version',
    more: [
      'Prints its id; the upgrade has begun then. With --wait it ends with 0 once the upgrade is complete or its verdict healthy, and with 1 otherwise; it leaves the upgrade as it is.',
      'The file must say which `version` it is; the REST API takes one without for 0.0. A version that is older than the stable one is only there to fall back on: deploy says so on stderr, and ends with 1 with --wait. Where the number is there already, stderr tells which versions have it; --wait is for the new one.',
    ],
    operand: {
      name: 'file',
      type: 'string',
      demandOption: true,
      describe: 'JSON: what PUT /configuration/cluster takes, or only what stands in its cluster',
    },
    run: async given => (await upgrades()).deploy({ ...given, file: operandOf(given, 'file') }),
  },
);

const why = verb(
  { json },
  {
    name: 'why',
    group: 'upgrades',
    needsConfig: true,
    describe: 'what is known of it, and what was concluded',
    more: ['The verdict, the numbers that it is drawn from, and example exchanges.'],
    operand: version,
    run: async given => (await upgrades()).explain({ ...given, id: operandOf(given, 'id') }),
  },
);

const events = verb(
  { json },
  {
    name: 'events',
    group: 'upgrades',
    needsConfig: true,
    describe: 'what happened to versions',
    more: ['The last hundred, the newest last.'],
    run: async given => (await upgrades()).happened(given),
  },
);

const telling = (told: Told, describe: string, ...more: readonly string[]): Verb =>
  verb(
    { json },
    {
      name: told,
      group: 'upgrades',
      needsConfig: true,
      describe,
      more,
      operand: version,

      run: async given => (await upgrades()).tell({ ...given, id: operandOf(given, 'id') }, told),
    },
  );

const remove = verb(
  { json },
  {
    name: 'remove',
    group: 'upgrades',
    needsConfig: true,
    describe: 'remove it',
    more: ['Whoever is served by it goes to the version before. The last one cannot be removed.'],
    operand: version,
    run: async given => (await upgrades()).remove({ ...given, id: operandOf(given, 'id') }),
  },
);

const rotateKeys = verb(
  { json },
  {
    name: 'rotate-keys',
    group: 'upgrades',
    needsConfig: true,
    describe: 'sign sessions with a new key',
    more: ['Older keys are still believed.'],
    run: async given => (await upgrades()).rotateKeys(given),
  },
);

const keygen = verb(
  {},
  {
    name: 'keygen',
    group: 'files',
    needsConfig: false,
    describe: 'make keys for tcp:// links',
    operand: {
      name: 'file',
      type: 'string',
      demandOption: true,
      describe: 'where to; it must not be there yet',
      coerce: (given: unknown) => checked('file', text('one path', /./), given),
    },
    run: async given => (await files()).keygen({ file: operandOf(given, 'file') }),
  },
);

/** The parser has seen to it that it is there. */
const operandOf = (given: Readonly<Record<string, unknown>>, operand: string) =>
  String(given[operand]);

/** In the order of the help. */
export const verbs: readonly Verb[] = [
  up,
  frontend,
  worker,
  controlVerb,
  check,
  status,
  deploy,
  why,
  events,
  telling('pause', 'nobody new moves to it'),
  telling(
    'resume',
    'go on with its upgrade',
    'Where it was; after abort or demotion it begins anew.',
  ),
  telling('promote', 'everybody moves to it now', 'The upgrade is complete then.'),
  telling(
    'abort',
    'take everybody back',
    'With the next request. What is complete cannot be aborted: remove it.',
  ),
  remove,
  rotateKeys,
  keygen,
];
