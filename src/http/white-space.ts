/** White space of RFC 9110 §5.6.3: SP and HT only, whereas `String.trim` takes NBSP and others too. */
const HT = 9;
const SPACE = 32;

const isBlank = (char: number) => char === SPACE || char === HT;

/**
 * That part of a text without white space at both ends. No pattern: one that looks for blanks before
 * an end takes quadratic time over many blanks that no end follows.
 */
export function trimmed(text: string, from = 0, to: number = text.length): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (start < end && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
