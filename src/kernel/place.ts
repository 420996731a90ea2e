/** Where a process runs: whoever is near is asked first. Two names that are equal are one place, no more is known of them. */
export interface Place {
  /** The machine. Empty: not known. */
  readonly host: string;
  /** What the operator calls the part of the network that fails or is far as a whole. Empty: not known. */
  readonly zone: string;
}

export const nowhere: Place = { host: '', zone: '' };

export type Distance = 'here' | 'near' | 'far';

/** `here`: on the same machine. `far`: in another zone. `near`: neither, as far as is known. */
export function distanceBetween(one: Place, other: Place): Distance {
  const known = (a: string, b: string) => a !== '' && b !== '';
  if (known(one.host, other.host) && one.host === other.host) return 'here';
  return known(one.zone, other.zone) && one.zone !== other.zone ? 'far' : 'near';
}
