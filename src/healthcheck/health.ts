/** Whether a role of Cutover is well, asked from beside it: in a container, or wherever /proc is. */
import { readFile } from 'node:fs/promises';
import { BlockList, connect, isIP, isIPv4 } from 'node:net';
import { endianness } from 'node:os';
import { tcpPlace, type HostPort } from '../config/address.js';
import type { Config } from '../config/config.js';

const roles = ['up', 'frontend', 'worker', 'control'] as const;
type RoleName = (typeof roles)[number];

export interface Running {
  readonly role: RoleName;
  readonly configFile: string;
  /** What a worker was told to connect to, instead of `device.frontends`. */
  readonly frontends?: readonly string[];
}

/** Behind node, its options and an init. */
const SCRIPT = /(?:^|\/)(?:cli\.js|cutover)$/;
/** `--name`, `--name=value`, `-n`, `-nvalue`, `-n=value`. */
const OPTION = /^(?:--([^=]+)|-(.))=?(.*)$/s;

/** What a command line of `cutover` runs, its arguments with a zero behind each; undefined: none of its roles. */
export function runningIn(commandLine: string): Running | undefined {
  const words = commandLine.split('\0').filter(word => word !== '');
  const script = words.findIndex(word => SCRIPT.test(word));
  const { verb, options } = parsed(script < 0 ? [] : words.slice(script + 1));
  const role = roles.find(each => each === verb);
  const [configFile] = options.get('config') ?? options.get('c') ?? [];
  if (role === undefined || configFile === undefined) return undefined;
  const frontends = role === 'worker' ? options.get('frontend') : undefined;
  return { role, configFile, ...(frontends !== undefined && { frontends }) };
}

interface CommandLine {
  readonly verb: string | undefined;
  readonly options: ReadonlyMap<string, readonly string[]>;
}

/** As the process itself has read it, which has refused what is wrong. */
function parsed(words: readonly string[]): CommandLine {
  const options = new Map<string, string[]>();
  let verb: string | undefined;
  let open: string | undefined; // the option whose value comes next
  const put = (name: string, value: string) =>
    options.set(name, [...(options.get(name) ?? []), value]);
  for (const word of words) {
    const [option, long, short, value = ''] = OPTION.exec(word) ?? [];
    if (option !== undefined) {
      const name = long ?? short ?? '';
      if (value !== '') put(name, value);
      open = value === '' && name !== 'plain' ? name : undefined;
    } else if (open !== undefined) {
      put(open, word);
      if (open !== 'frontend') open = undefined; // that one takes several
    } else verb ??= word;
  }
  return { verb, options };
}

export interface Asked {
  /** Milliseconds for each question. */
  readonly patience: number;
  /** Lines of /proc/net/tcp and tcp6. */
  readonly connections: () => Promise<string>;
}

/** Why it is not well; undefined: it is. Never rejects. */
export async function ailment(
  { role, frontends }: Pick<Running, 'role' | 'frontends'>,
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
    case 'worker': {
      const known = frontends ?? device.frontends;
      // It finds them in etcd, where we do not ask.
      if (known.length === 0 && registry.kind === 'etcd') return undefined;
      return isConnected(known, await asked.connections())
        ? undefined
        : 'the worker is connected to no frontend';
    }
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

/** Where to ask who listens everywhere, and where connections to there go. */
const reached = (host: string): string => ({ '0.0.0.0': '127.0.0.1', '::': '::1' })[host] ?? host;

async function unless(
  { host, port }: HostPort,
  { says, expects }: typeof frontendAsked,
  who: string,
  patience: number,
): Promise<string | undefined> {
  const answer = await firstLine({ host: reached(host), port }, says, patience);
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
 * Whether there is a connection to one of these addresses; where its host is a name, to its port. Over ipc:// nobody
 * can tell from outside: there the supervisor watches.
 */
export function isConnected(frontends: readonly string[], lines: string): boolean {
  const places = frontends.map(tcpPlace).filter(place => place !== undefined);
  if (places.length === 0) return true;
  return lines.split('\n').some(line => {
    // "  0: 0100007F:A0B2 0100007F:2384 01 …": local, remote, state (01: established), numbers in hex.
    const [, , remote = '', state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = remote.split(':');
    return state === '01' && places.some(place => isAt(place, address, Number.parseInt(port, 16)));
  });
}

function isAt(place: HostPort, address: string, port: number): boolean {
  if (place.port !== port) return false;
  const [host = ''] = reached(place.host).split('%'); // the zone stands in no line
  const family = isIP(host);
  if (family === 0) return true;
  const only = new BlockList(); // it knows one address by all its spellings, ::ffff:127.0.0.1 as well
  only.addAddress(host, family === 4 ? 'ipv4' : 'ipv6');
  const remote = addressIn(address);
  return only.check(remote, isIPv4(remote) ? 'ipv4' : 'ipv6');
}

/** Words of 32 bits, as they lie in memory. */
function addressIn(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap(word => {
    const inMemory = [...Buffer.from(word, 'hex')];
    return endianness() === 'LE' ? inMemory.toReversed() : inMemory;
  });
  if (bytes.length === 4) return bytes.join('.');
  return (Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []).join(':');
}

const connections = async (): Promise<string> => {
  const files = ['/proc/net/tcp', '/proc/net/tcp6'].map(file =>
    readFile(file, 'utf8').catch(() => ''),
  );
  return (await Promise.all(files)).join('\n');
};
