import { systemCodeOf } from '../kernel/errors.js';

/** What libzmq's refusals mean to us: one word for each that we act upon. */
export type SendRefusal = 'full' | 'gone' | 'closed';

export function sendRefusal(cause: unknown): SendRefusal | undefined {
  switch (systemCodeOf(cause)) {
    case 'EAGAIN':
      return 'full';
    case 'EHOSTUNREACH':
      return 'gone';
    case 'EBADF':
    case 'ENOTSOCK':
    case 'ETERM':
      return 'closed';
    default:
      return undefined;
  }
}
