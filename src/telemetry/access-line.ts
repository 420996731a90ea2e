/** Entries of the access log as lines, each with its line end. */
import { valuesOf } from '../http/fields.js';
import type { RequestHead } from '../http/message.js';
import type { AccessEntry } from './access-entry.js';
import { jsonText, quotedText } from './escaped.js';

export interface LineOptions {
  /** What follows `?` is written, too. */
  readonly queries: boolean;
}

export type LineOf = (entry: AccessEntry, options: LineOptions) => string;

const field = (head: RequestHead | undefined, name: string): string | undefined =>
  head === undefined ? undefined : valuesOf(head, name)[0];

const USER = /^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i;

/** A target, or an address of a page, without user and password; without a query, but for its `?`. */
function shownTarget(target: string, { queries }: LineOptions): string {
  const plain = USER.test(target) ? target.replace(USER, '$1//') : target;
  const query = queries ? -1 : plain.search(/[?#]/);
  return query < 0 ? plain : plain.slice(0, query + 1);
}

const optional = (text: string | undefined) =>
  text === undefined || text === '' ? 'null' : jsonText(text);

/** Milliseconds, to the microsecond. */
const milliseconds = (ms: number) => String(Math.round(Math.max(0, ms) * 1000) / 1000);

/** One object in a line. What is not known is null; every key is always there. */
export const jsonLine: LineOf = (entry, options) => {
  const { begun, account, givings } = entry;
  const { head } = begun;
  const referer = field(head, 'referer');
  const [version, strategy, server, attempts = 0, isRescued = false, compared, session] =
    account ?? [];
  const { answeredAt } = entry;
  const firstByte = answeredAt === undefined ? 'null' : milliseconds(answeredAt - begun.at);
  return (
    `{"time":"${new Date(begun.wall).toISOString()}"` +
    `,"client":${optional(begun.client)}` +
    `,"method":${optional(head?.method)}` +
    `,"host":${optional(field(head, 'host'))}` +
    `,"target":${head === undefined ? 'null' : jsonText(shownTarget(head.target, options))}` +
    `,"http":${optional(head?.version)}` +
    `,"status":${entry.status}` +
    `,"end":"${entry.ending}"` +
    `,"code":${optional(entry.code)}` +
    `,"bytes":${entry.bytes}` +
    `,"duration":${milliseconds(entry.endedAt - begun.at)}` +
    `,"firstByte":${firstByte}` +
    `,"requestId":${optional(begun.requestId)}` +
    `,"traceId":${optional(begun.traceId)}` +
    `,"userAgent":${optional(field(head, 'user-agent'))}` +
    `,"referer":${referer === undefined ? 'null' : jsonText(shownTarget(referer, options))}` +
    `,"version":${optional(version)}` +
    `,"strategy":${optional(strategy)}` +
    `,"server":${optional(server)}` +
    // Each giving but the last was an attempt of which no worker could tell any more.
    `,"attempts":${attempts + Math.max(0, givings - 1)}` +
    `,"rescued":${isRescued || (givings > 1 && isAnswered(entry))}` +
    `,"compared":${optional(compared)}` +
    `,"session":${optional(session)}}\n`
  );
};

const isAnswered = ({ code, answeredAt }: AccessEntry) =>
  code === undefined && answeredAt !== undefined;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `[10/Oct/2000:13:55:36 +0000]`: always in UTC, so that lines of several machines can be compared. */
function combinedTime(wall: number): string {
  const time = new Date(wall);
  const [date = '', clock = ''] = time.toISOString().split('T');
  const [year = '', , day = ''] = date.split('-');
  return `[${day}/${MONTHS[time.getUTCMonth()] ?? ''}/${year}:${clock.slice(0, 8)} +0000]`;
}

/** The Combined Log Format of the Apache HTTP server, which everything that reads logs understands. */
export const combinedLine: LineOf = ({ begun, status, bytes }, options) => {
  const { head, client } = begun;
  const target = head && quotedText(shownTarget(head.target, options));
  const request = head === undefined ? '-' : `${head.method} ${target ?? ''} HTTP/${head.version}`;
  const referer = shownTarget(field(head, 'referer') ?? '', options);
  const agent = field(head, 'user-agent') ?? '';
  return (
    `${client ?? '-'} - - ${combinedTime(begun.wall)} "${request}" ${status} ` +
    `${bytes === 0 ? '-' : bytes} "${quotedText(referer)}" "${quotedText(agent)}"\n`
  );
};

export const lineFormats = { json: jsonLine, combined: combinedLine } as const;
