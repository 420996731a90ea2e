/** The field `traceparent` of W3C Trace Context, level 1 (w3.org/TR/trace-context-1, section 3.2). */

export interface TraceParent {
  /** 32 digits. */
  readonly traceId: string;
  /** 16 digits: the span of whoever asks. */
  readonly parentId: string;
  readonly isSampled: boolean;
}

const SAMPLED = 1;
// §3.2.2: lower case only. Behind the flags a later version may say more, and 00 nothing.
const FIELD = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-[\x21-\x7e]*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);
/** Of a later version: what nobody knows yet is not passed on without end. */
const LONGEST = 256;

/** Undefined: it is to be treated as if it were not there (§4.3). */
export function parsedTraceparent(value: string): TraceParent | undefined {
  if (value.length > LONGEST) return undefined;
  const [, version, traceId, parentId, flags, more] = FIELD.exec(value) ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (traceId === NO_TRACE || parentId === NO_PARENT) return undefined;
  return { traceId, parentId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** Version 00. */
export const traceparentOf = ({ traceId, parentId, isSampled }: TraceParent): string =>
  `00-${traceId}-${parentId}-${isSampled ? '01' : '00'}`;

/**
 * Of a trace that begins here. Nobody has a span in it yet, and the parent that the field must name is the
 * first half of the trace's id: so whoever traces further down can tell that the root is theirs.
 */
export const newTraceparent = (traceId: string): string =>
  `00-${traceId}-${traceId.slice(0, NO_PARENT.length)}-00`;

/** Whether somebody has made this parent's span, or only its name. */
export const hasParentSpan = ({ traceId, parentId }: TraceParent): boolean =>
  !traceId.startsWith(parentId);
