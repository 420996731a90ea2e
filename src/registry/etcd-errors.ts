/** What etcd and the way to it say, as a sentence for people. */
import { isBrokenCircuitError } from 'cockatiel';
import {
  EtcdAuthenticationFailedError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCUnavailableError,
} from 'etcd3';
import { messageOf } from '../kernel/errors.js';
import { RegistryError } from './registry.js';

/** Passes on what was said already. */
export function etcdError(cause: unknown): RegistryError {
  if (cause instanceof RegistryError) return cause;
  const isFinal =
    cause instanceof EtcdAuthenticationFailedError || cause instanceof EtcdPermissionDeniedError;
  const kind = isFinal ? 'refused' : 'unavailable';
  return new RegistryError(kind, `etcd cannot be used: ${reasonOf(cause)}`, { cause });
}

function reasonOf(cause: unknown): string {
  if (cause instanceof EtcdAuthenticationFailedError) {
    return 'it does not know this user, or not by this password (registry.user, registry.passwordFile)';
  }
  if (cause instanceof EtcdPermissionDeniedError) {
    return 'this user may not read and write the keys under registry.prefix';
  }
  if (cause instanceof GRPCDeadlineExceededError || isBrokenCircuitError(cause)) {
    return 'it does not answer in time';
  }
  const said = plain(messageOf(cause));
  if (cause instanceof GRPCUnavailableError) return unreachable(said);
  return said;
}

/** Behind what gRPC says stands what the system said. */
function unreachable(said: string): string {
  const [, system] = /Last error: (?:Error: )?(.+?)(?:\. Resolution note.*)?$/s.exec(said) ?? [];
  // What went wrong at first, or with TLS, it does not say.
  const because =
    system === 'null' ? 'no connection came about: do the endpoints and registry.tls fit?' : system;
  return `no member can be reached: ${because ?? said}`;
}

/** Without the name of a class and the number of a code. */
const plain = (message: string): string =>
  message.replace(/^\w+Error: /, '').replace(/^\d+ [A-Z_]+: /, '');
