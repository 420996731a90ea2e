/** Which links there should be. Pure. */

export interface HeldLink {
  readonly address: string;
  /** Somebody speaks at its other end. */
  readonly isHeard: boolean;
}

export interface LinkChanges {
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/**
 * A link that works is kept also where nobody names its address any more: a list that is lost, or late, must
 * never cut anybody off, and who drains is still to be served. It is dropped once it is silent.
 */
export function linksAfter(
  held: readonly HeldLink[],
  wanted: readonly string[],
  most: number,
): LinkChanges {
  const first = new Set([...new Set(wanted)].slice(0, most));
  const isHeld = new Set(held.map(({ address }) => address));
  return {
    add: [...first].filter(address => !isHeld.has(address)),
    drop: held
      .filter(({ address, isHeard }) => !first.has(address) && !isHeard)
      .map(({ address }) => address),
  };
}
