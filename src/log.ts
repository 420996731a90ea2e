import { pino, type DestinationStream } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from './config/config.js';
import { systemClock } from './kernel/clock.js';
import { kindOf, messageOf } from './kernel/errors.js';
import type { CutoverEvent, Report } from './kernel/events.js';
import { LogBudget } from './log-budget.js';

/** Events become log lines here, and only here. */

type Level = Exclude<LogLevel, 'silent'>;
type On<Type> = Extract<CutoverEvent, { readonly type: Type }>;
type Row<Type> = readonly [Level | ((event: On<Type>) => Level), (event: On<Type>) => string];

/** How urgent each event is, and what it says to people. An event without a row does not compile. */
const rows: { readonly [Type in CutoverEvent['type']]: Row<Type> } = {
  'frontend-listening': ['info', ({ address }) => `listening on ${address}`],
  'frontend-draining': [
    'info',
    ({ exchanges, connections }) =>
      `draining: ${exchanges} exchanges, ${connections} connections to finish`,
  ],
  'frontend-stopped': ['info', () => 'stopped'],
  'worker-joined': ['info', ({ name }) => `worker ${name} joined`],
  'worker-left': ['info', ({ name }) => `worker ${name} left`],
  'worker-lost': ['warn', ({ name, because }) => `worker ${name} is lost: ${because}`],
  'request-refused': [
    ({ code }) => (kindOf(code).fault === 'client' ? 'debug' : 'warn'), // clients may be many, and wrong
    ({ code, because }) => `request refused (${code}): ${because}`,
  ],
  'access-log-failed': [
    'error',
    ({ file, because }) => `the access log ${file} cannot be written: ${because}`,
  ],
  'access-log-dropped': [
    'warn',
    ({ file, lines }) => `${lines} lines of the access log ${file} were dropped: it is too slow`,
  ],
  'connections-full': ['warn', ({ limit }) => `all ${limit} connections are taken`],
  'spool-failed': ['error', ({ because }) => `a body could not be spooled: ${because}`],
  'peer-refused': ['error', ({ peer, because }) => `peer ${peer} refused: ${because}`],
  'key-refused': [
    'error',
    ({ link, key, from, untold }) =>
      `an unknown key was turned away at ${link}: ${key} from ${from}` +
      (untold === 0 ? '' : `; and ${untold} more since the last line like this`),
  ],
  'turned-away': ['error', ({ address, because }) => `${address} does not talk to us: ${because}`],
  'links-insecure': [
    'warn',
    ({ addresses }) =>
      `neither encrypted nor protected (security.insecure): ${addresses.join(', ')}`,
  ],
  'name-unknown': [
    'error',
    ({ name, because }) => `${name} cannot be looked up, its last addresses stay: ${because}`,
  ],
  'address-refused': [
    'error',
    ({ address, because }) => `not linked to ${address}, which is registered: ${because}`,
  ],
  'not-registered': [
    'warn',
    ({ address }) =>
      `not registered in etcd, so nobody finds it there: only this machine reaches ${address} ` +
      '(a tcp:// address is wanted; see device.advertise)',
  ],
  'directory-lost': [
    'error',
    ({ because }) => `nobody new is found, and who is linked stays: ${because}`,
  ],
  'directory-found': ['info', () => 'etcd can be asked again for those who live'],
  'worker-waiting': [
    'info',
    ({ frontends }) => `looking for ${frontends.length === 0 ? 'frontends' : frontends.join(', ')}`,
  ],
  'worker-ready': [
    'info',
    ({ frontends }) =>
      `ready, serving ${frontends.length === 0 ? 'those that are found' : frontends.join(', ')}`,
  ],
  'worker-draining': ['info', ({ exchanges }) => `draining: ${exchanges} exchanges to finish`],
  'worker-stopped': ['info', () => 'stopped'],
  'frontend-joined': ['info', ({ frontend }) => `frontend ${frontend} joined`],
  'frontend-left': ['info', ({ frontend }) => `frontend ${frontend} has stopped`],
  'frontend-lost': ['warn', ({ frontend, because }) => `frontend ${frontend} is lost: ${because}`],
  'server-refused': ['warn', ({ server, because }) => `server ${server} refused: ${because}`],
  'server-ejected': [
    'warn',
    ({ server, ms, isTold }) =>
      `server ${server} fails ${isTold ? 'for most workers' : 'too often'}: left out for ${Math.round(ms / 1000)} s`,
  ],
  'server-admitted': ['info', ({ server }) => `server ${server} works again`],
  'exchange-failed': [
    'warn',
    ({ method, code, because }) => `${method} failed (${code}): ${because}`,
  ],
  'spans-lost': ['warn', ({ endpoint, because }) => `no spans reach ${endpoint}: ${because}`],
  'table-taken': [
    'info',
    ({ edition, versions }) => `routing table ${edition}: ${versions.join(', ')}`,
  ],
  'announcement-refused': ['error', ({ because }) => `announcement refused: ${because}`],
  'control-listening': [
    'info',
    ({ address, registry, edition }) =>
      `REST API on ${address}, routing table ${edition} in ${registry}`,
  ],
  'control-stopped': ['info', () => 'stopped'],
  'cluster-ignored': [
    'warn',
    ({ version, edition }) =>
      `the cluster of the configuration (version ${version}) is not used: the registry has routing ` +
      `table ${edition} already; add versions with cutover deploy`,
  ],
  'version-changed': [
    ({ what }) => (what === 'demoted' || what === 'unhealthy' ? 'warn' : 'info'),
    ({ version, what, because }) =>
      `version ${version}: ${what}${because === undefined ? '' : `: ${because}`}`,
  ],
  'registry-failed': ['error', ({ because }) => `the registry cannot be written: ${because}`],
  'registry-lost': [
    'error',
    ({ because }) => `${because}; nothing can be changed, and all goes on as it is`,
  ],
  'registry-awaited': ['warn', ({ because }) => `${because}; asking again`],
  'registry-found': ['info', () => 'the registry can be reached again'],
  'leader-changed': [
    'info',
    ({ leader, isOurs }) => (isOurs ? `${leader} (this control) leads` : `${leader} leads`),
  ],
  'lead-given-up': [
    'warn',
    () => 'this control sees few workers, and another many: the lead is left to whoever sees more',
  ],
  'engine-lost': [
    'error',
    ({ engine, because }) =>
      `the container engine at ${engine} cannot be asked, and versions stay as they are: ${because}`,
  ],
  'engine-found': [
    'info',
    ({ engine, containers }) =>
      `watching ${engine}: ${containers} containers with labels of Cutover`,
  ],
  'container-notice': ['warn', ({ about, because }) => `${about}: ${because}`],
  'servers-changed': [
    'info',
    ({ version, servers }) => `version ${version} has ${servers} servers now`,
  ],
  'image-pulled': ['info', ({ image }) => `pulled ${image}`],
  'container-started': ['info', ({ container, image }) => `started ${container} from ${image}`],
  'container-removed': ['info', ({ container }) => `removed ${container}`],
  'learned-ignored': [
    'warn',
    ({ file, because }) => `${file} is not used, control learns anew: ${because}`,
  ],
  'registry-damaged': [
    'error',
    ({ file, because, edition }) =>
      `registry ${file} is damaged: ${because}; ` +
      (edition === undefined ? 'starting anew' : `going on with routing table ${edition}`),
  ],
  'follower-joined': ['info', ({ name, edition }) => `${name} follows, it has table ${edition}`],
  'follower-left': ['info', ({ name }) => `${name} follows no more`],
  'role-started': ['info', ({ role, pid }) => `${role} started as process ${pid}`],
  'role-ready': ['info', ({ role }) => `${role} is ready`],
  // The end of a role that will be started again was not meant to be.
  'role-ended': [({ restartIn }) => (restartIn === undefined ? 'info' : 'warn'), roleEnded],
  'supervisor-ready': ['info', ({ address }) => `ready for clients on ${address}`],
  'supervisor-reloaded': ['info', ({ version }) => `configuration reloaded, serving ${version}`],
  'reload-refused': ['error', ({ because }) => `configuration not reloaded: ${because}`],
  'supervisor-stopping': ['info', ({ signal }) => `stopping on ${signal}`],
  fault: ['error', ({ where, cause }) => `fault in ${where}: ${messageOf(cause)}`],
};

function roleEnded({ role, exitCode, signal, restartIn }: On<'role-ended'>): string {
  const how = signal === null ? `with exit code ${String(exitCode)}` : `by ${signal}`;
  const then = restartIn === undefined ? '' : `; starting again in ${Math.round(restartIn)} ms`;
  return `${role} ended ${how}${then}`;
}

export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What an event says, before anything is written. */
export function lineOf(event: CutoverEvent): LogLine {
  // Only the compiler cannot see that row and event belong together.
  const [level, message] = rows[event.type] as Row<CutoverEvent['type']>;
  const { type, ...rest } = event;
  const fields = 'cause' in rest ? { where: rest.where, error: errorFields(rest.cause) } : rest;
  return {
    level: typeof level === 'string' ? level : level(event),
    message: message(event),
    fields: { event: type, ...fields },
  };
}

/** Nothing but what an error says of itself: other properties might hold what clients sent. */
function errorFields(cause: unknown): Readonly<Record<string, unknown>> {
  if (!(cause instanceof Error)) return { message: String(cause) };
  const { message, stack, cause: deeper } = cause;
  const code = 'code' in cause ? { code: cause.code } : {};
  return { ...code, message, stack, ...(deeper === undefined ? {} : { cause: messageOf(deeper) }) };
}

/**
 * Writes every event as one line to standard output: JSON for machines, or `pretty` for people. Each
 * line is written before the call returns, so that none is lost when the process ends. Of lines that others
 * cause there are at most a hundred of a kind in a second; the next one says how many were left out (`untold`).
 */
export function reporter(
  options: { readonly role: string; readonly level: LogLevel; readonly pretty: boolean },
  destination: DestinationStream = options.pretty
    ? readableLog()
    : pino.destination({ fd: 1, sync: true }),
  now: () => number = () => systemClock.now(),
): Report {
  const budget = new LogBudget();
  const logger = pino(
    {
      level: options.level,
      // Not role and pid: in the supervisor's events those are of the process that is spoken of.
      base: { process: options.role, processId: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      messageKey: 'message',
    },
    destination,
  );
  return event => {
    const { level, message, fields } = lineOf(event);
    if (!logger.isLevelEnabled(level)) return;
    const untold = budget.allows(event.type, now());
    if (untold === undefined) return;
    if (untold === 0) logger[level](fields, message);
    else logger[level]({ ...fields, untold }, `${message}; and ${untold} more like it, left out`);
  };
}

/** Takes lines of JSON, and writes them to standard output for people. */
export const readableLog = (): DestinationStream =>
  pretty({
    sync: true,
    colorize: true,
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'process,processId,event,pid',
    messageFormat: '{process}: {message}',
    singleLine: true,
    errorLikeObjectKeys: ['error'],
  });
