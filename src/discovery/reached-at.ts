/** At which address others reach somebody who is bound to one. Pure. */
import { hostPort, tcpPlace } from '../config/address.js';

/** `advertise`: a host, or a whole address. Undefined: only this machine reaches it, or nobody can say. */
export function reachedAt(bound: string, advertise: string | undefined): string | undefined {
  if (advertise?.includes('/') === true) return advertise;
  const place = tcpPlace(bound);
  if (place === undefined) return undefined;
  if (advertise !== undefined) return `tcp://${hostPort({ ...place, host: advertise })}`;
  return isEverywhere(place.host) ? undefined : bound;
}

/** 0.0.0.0, ::, and whatever else means all addresses of a machine. */
const isEverywhere = (host: string): boolean => /^[0.:]+$/.test(host);
