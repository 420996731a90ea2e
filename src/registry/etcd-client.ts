/** A client of etcd that waits for nothing without end. */
import { rootCertificates } from 'node:tls';
import { ConsecutiveBreaker, ConstantBackoff, circuitBreaker, handleWhen, retry } from 'cockatiel';
import { Etcd3, isRecoverableError, type IOptions } from 'etcd3';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { bytesOf, passwordIn } from './etcd-files.js';

export type EtcdConfig = Config['registry'];

/** Milliseconds for one member to answer. */
export const ANSWER = 1000;
/** Milliseconds that a member is not asked after it has failed three times in a row, nor a watch begun anew. */
const PAUSE = 1000;
/** Of a call, whatever the number of members; with one member twice: its connection may be an old one. */
const MOST_TRIES = 3;
const FEWEST_TRIES = 2;

const PREFIX = '/cutover/';
export const prefixOf = ({ prefix = PREFIX }: EtcdConfig): string => prefix;

/**
 * Connects when it is first asked something. A call ends after some seconds, with an answer or an error: it
 * is tried at other members meanwhile. Streams have no end; keep-alives tell that their member is gone.
 * Rejects with a RegistryError where a file cannot be read.
 */
export async function etcdClient(config: EtcdConfig, clock: Pick<Clock, 'wall'>): Promise<Etcd3> {
  const hosts = [...(config.endpoints ?? [])];
  const auth = await authOf(config);
  const credentials = await credentialsOf(config);
  return new Etcd3({
    hosts,
    ...(auth !== undefined && { auth }),
    ...(credentials !== undefined && { credentials }),
    dialTimeout: ANSWER,
    grpcOptions: {
      'grpc.keepalive_time_ms': 5000,
      'grpc.keepalive_timeout_ms': 2000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: deadline(clock) }),
    faultHandling: {
      watchBackoff: new ConstantBackoff(PAUSE).next(),
      global: retry(handleWhen(isRecoverableError), {
        maxAttempts: Math.max(FEWEST_TRIES, Math.min(hosts.length, MOST_TRIES)) - 1,
      }),
      host: () =>
        circuitBreaker(handleWhen(isRecoverableError), {
          halfOpenAfter: PAUSE,
          breaker: new ConsecutiveBreaker(3),
        }),
    },
  });
}

/** gRPC counts by the wall clock. */
export const deadline = (clock: Pick<Clock, 'wall'>): number => clock.wall() + ANSWER;

async function authOf({ user, passwordFile }: EtcdConfig): Promise<IOptions['auth']> {
  if (user === undefined || passwordFile === undefined) return undefined;
  return { username: user, password: await passwordIn(passwordFile) };
}

async function credentialsOf({ tls, endpoints }: EtcdConfig): Promise<IOptions['credentials']> {
  if (endpoints?.[0]?.startsWith('https:') !== true) return undefined;
  const { ca, cert, key } = tls ?? {};
  return {
    rootCertificate:
      ca === undefined
        ? Buffer.from(rootCertificates.join('\n'))
        : await bytesOf('registry.tls.ca', ca),
    ...(cert !== undefined && { certChain: await bytesOf('registry.tls.cert', cert) }),
    ...(key !== undefined && { privateKey: await bytesOf('registry.tls.key', key) }),
  };
}
