/** Whether a role of Cutover is well, asked from beside it: in a container, or wherever /proc is. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tcpPlace, type HostPort } from '../config/address.js';
import type { Config } from '../config/config.js';

const roles = ['up', 'frontend', 'worker', 'control'] as const;
type RoleName = (typeof roles)[number];

export interface Running {
  readonly role: RoleName;
  readonly configFile: string;
}

/** What a command line of `cutover` runs, its arguments with a zero behind each; undefined: none of its roles. */
export function runningIn(commandLine: string): Running | undefined {
  const words = commandLine.split('\0');
  const role = roles.find(each => words.includes(each));
  const at = words.findIndex(word => word === '-c' || word === '--config');
  const configFile = at < 0 ? undefined : words[at + 1];
  const joined = words.find(word => word.startsWith('--config='))?.slice('--config='.length);
  const file = configFile ?? joined;
  return role === undefined || file === undefined ? undefined : { role, configFile: file };
}

export interface Asked {
  /** Milliseconds for each question. */
  readonly patience: number;
  /** Lines of /proc/net/tcp and tcp6. */
  readonly connections: () => Promise<string>;
}

/** Why it is not well; undefined: it is. Never rejects. */
export async function ailment(
  role: RoleName,
  config: Config,
  asked: Asked = { patience: 3000, connections },
): Promise<string | undefined> {
  const { proxy, configService, device, registry } = config;
  const frontend = () => unless(proxy, frontendAsked, 'the frontend', asked.patience);
  const control = () => unless(configService, controlAsked, 'control', asked.patience);
  switch (role) {
    case 'frontend':
      return frontend();
    case 'control':
      return control();
    case 'worker':
      return isConnected(device.frontends, await asked.connections())
        ? undefined
        : 'the worker is connected to no frontend';
    case 'up':
      return (await frontend()) ?? (registry.kind === 'none' ? undefined : await control());
  }
}

/** Nobody's request: the frontend refuses it by itself, and so shows that it is at work. */
const frontendAsked = { says: 'HEALTH\r\n\r\n', expects: 'HTTP/1.1 400 ' };
const controlAsked = {
  says: 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  expects: 'HTTP/1.1 200 ',
};

async function unless(
  { host, port }: HostPort,
  { says, expects }: typeof frontendAsked,
  who: string,
  patience: number,
): Promise<string | undefined> {
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const answer = await firstLine({ host: everywhere[host] ?? host, port }, says, patience);
  return answer.startsWith(expects) ? undefined : `${who} says ${JSON.stringify(answer)}`;
}

/** What comes first, or why nothing does. */
function firstLine(where: HostPort, says: string, patience: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect({ ...where, timeout: patience });
    const end = (answer: string) => {
      socket.destroy();
      resolve(answer.split('\r\n')[0] ?? '');
    };
    socket.setEncoding('latin1');
    socket.once('connect', () => socket.write(says));
    socket.once('data', (text: string) => end(text));
    socket.once('end', () => end(''));
    socket.once('timeout', () => end('nothing in time'));
    socket.once('error', ({ message }) => end(message));
  });
}

/**
 * Whether there is a connection to the port of one of these addresses. Over ipc:// nobody can tell from outside:
 * there the supervisor watches.
 */
export function isConnected(frontends: readonly string[], lines: string): boolean {
  const places = frontends.map(tcpPlace).filter(place => place !== undefined);
  if (places.length === 0) return true;
  const ports = new Set(places.map(({ port }) => port));
  return lines.split('\n').some(line => {
    // "  0: 0100007F:A0B2 0100007F:2384 01 …": local, remote, state (01: established), numbers in hex.
    const [, , remote = '', state] = line.trim().split(/\s+/);
    return state === '01' && ports.has(Number.parseInt(remote.split(':')[1] ?? '', 16));
  });
}

const connections = async (): Promise<string> => {
  const files = ['/proc/net/tcp', '/proc/net/tcp6'].map(file =>
    readFile(file, 'utf8').catch(() => ''),
  );
  return (await Promise.all(files)).join('\n');
};
