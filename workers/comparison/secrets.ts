/**
 * What looks like a secret is left out of what is kept of answers: values by the names that they stand under,
 * and credentials by their own look. Names tell no more than that somebody thought of secrets when giving
 * them, so more is left out rather than less; that nothing is left in cannot be promised.
 */
import type { Json } from './json.js';

/** What stands for it. */
export const LEFT_OUT = '…';

/** Of a name, in lower case: each may stand alone or between others (`apiKey`, `x-auth`, `user_pin`). */
const WORDS: ReadonlySet<string> = new Set(
  (
    'pass passcode passphrase passwd password passwords pw pwd secret secrets token tokens auth authenticate ' +
    'authentication authorization bearer credential credentials cookie cookies session sessions sess sessid sid ' +
    'key keys apikey csrf xsrf jwt otp totp pin cvc cvv ssn iban signature sig nonce salt'
  ).split(' '),
);
/** These are found also where words are not set apart (`accesstoken`, `PHPSESSID`). */
const INSIDE =
  /passwd|password|passphrase|secret|token|credential|authori[sz]ation|cookie|session|sessid|apikey|csrf|xsrf/i;
/** Where one word of a name ends and the next begins. */
const BETWEEN = /[^\p{L}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

export const isSecretName = (name: string): boolean =>
  INSIDE.test(name) || name.split(BETWEEN).some(word => WORDS.has(word.toLowerCase()));

/** What tells by its look that it opens something: [what, what stands for it]. */
const CREDENTIALS: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w-])(?:[\w-]{0,64}?-)?eyJ[\w-]{6,2000}\.[\w-]{4,}(?:\.[\w-]*)?/g, LEFT_OUT], // a JSON Web Token, RFC 7519
  [/\b(Bearer|Basic|Digest|Negotiate)\s{1,8}[\w\-.~+/=]{8,}/gi, `$1 ${LEFT_OUT}`],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|$)/g, LEFT_OUT],
  [
    /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\b(?:gh[opsur]_|glpat-|sk[-_]|pk_|xox[abprs]-)[\w-]{10,}/g,
    LEFT_OUT,
  ],
  [/\/\/[^/\s@"'<>]{1,256}@/g, `//${LEFT_OUT}@`], // user and password, RFC 3986 §3.2.1
  [/'nonce-[^']{1,256}'/g, `'nonce-${LEFT_OUT}'`],
];

const withoutCredentials = (text: string): string =>
  CREDENTIALS.reduce((cleaned, [look, instead]) => cleaned.replace(look, instead), text);

/** Queries and fragments hold tokens under any name, and may hold every character but these. */
const QUERY = /([?#])[^\s<>"]+/g;
const RUN = /[^\s<>"]+/g;
const MARK = /[?#]/g;
/** At the beginning of a query or fragment. */
const NAMED = /[?#][^?#=]{1,64}=/;

/** Of any text: only what looks like a URL or a path, or has a name in it, is taken for a query or fragment. */
const withoutQueries = (text: string): string => text.replace(RUN, runWithoutQuery);

function runWithoutQuery(run: string): string {
  const named = run.search(NAMED);
  const slash = run.indexOf('/');
  MARK.lastIndex = Math.max(0, slash);
  const ofPath = slash < 0 ? -1 : (MARK.exec(run)?.index ?? -1);
  const at = named < 0 || (ofPath >= 0 && ofPath < named) ? ofPath : named;
  return at < 0 || at === run.length - 1 ? run : `${run.slice(0, at + 1)}${LEFT_OUT}`;
}

/** `name` in lower case. */
export function fieldWithoutSecrets(name: string, value: string): string {
  if (name === 'set-cookie') {
    const [cookie = '', ...rest] = value.split('=');
    return rest.length === 0 || cookie.includes(';') ? LEFT_OUT : `${cookie}=${LEFT_OUT}`;
  }
  if (isSecretName(name)) return LEFT_OUT;
  return withoutCredentials(value).replace(QUERY, `$1${LEFT_OUT}`);
}

/** A place of `Agreement`; below a secret name other names may be secrets themselves. */
export function placeWithoutSecrets(pointer: string): string {
  const segments = pointer.split('/');
  const secret = segments.findIndex(isSecretName);
  const shown = secret < 0 ? segments : segments.slice(0, secret + 1);
  return shown.map(withoutQueries).join('/');
}

const stringWithoutSecrets = (text: string): string =>
  JSON.stringify(withoutQueries(withoutCredentials(text)));

const scalarWithoutSecrets = (text: string): string =>
  text.startsWith('"') ? stringWithoutSecrets(JSON.parse(text) as string) : text;

/** A member a line. What would be longer than `most` characters is cut off. */
export function jsonWithoutSecrets(json: Json, most: number): string {
  const lines: string[] = [];
  let left = most;
  const put = (indent: number, text: string) => {
    const line = `${'  '.repeat(indent)}${text}`.slice(0, left);
    left -= line.length + 1;
    lines.push(line);
  };
  const show = (value: Json, indent: number, before: string, after: string): void => {
    if (left <= 0) return;
    if (value.kind === 'scalar') {
      put(indent, `${before}${scalarWithoutSecrets(value.text)}${after}`);
      return;
    }
    const [open, close] = value.kind === 'array' ? ['[', ']'] : ['{', '}'];
    const inner: readonly (readonly [name: string | undefined, value: Json])[] =
      value.kind === 'array'
        ? value.items.map(item => [undefined, item])
        : [...value.members.entries()];
    if (inner.length === 0) {
      put(indent, `${before}${open}${close}${after}`);
      return;
    }
    put(indent, `${before}${open}`);
    for (const [at, [name, member]] of inner.entries()) {
      const comma = at < inner.length - 1 ? ',' : '';
      const label = name === undefined ? '' : `${stringWithoutSecrets(name)}: `;
      if (name !== undefined && isSecretName(name))
        put(indent + 1, `${label}"${LEFT_OUT}"${comma}`);
      else show(member, indent + 1, label, comma);
      if (left <= 0) return;
    }
    put(indent, `${close}${after}`);
  };
  show(json, 0, '', '');
  return lines.join('\n').slice(0, most);
}

/** Of any text: JSON that is cut off, forms, markup, scripts. The time it takes grows with its length only. */
export const textWithoutSecrets = (text: string): string =>
  withoutQueries(withoutCredentials(assignmentsWithout(elementsWithout(text))));

const ATTRIBUTE = /([\w:-]{1,64})\s{0,8}=\s{0,8}("[^"]*"|'[^']*'|[^\s"'>]+)/g;
const TAG = /<([A-Za-z_][\w:.-]{0,63})((?:\s[^<>]{0,2000})?)>/g;
/** By these an element says what its value is. */
const NAMING = /^(?:name|id|type|property|itemprop|autocomplete)$/i;
const VALUE = /^(?:value|content|data-.*)$/i;

/** What an element with a secret name holds, and the value of one that says that it is one. */
function elementsWithout(text: string): string {
  let cleaned = '';
  let from = 0;
  TAG.lastIndex = 0;
  for (let tag = TAG.exec(text); tag !== null; tag = TAG.exec(text)) {
    const [whole, name = '', attributes = ''] = tag;
    cleaned += text.slice(from, tag.index) + tagWithout(whole, attributes);
    from = tag.index + whole.length;
    if (!isSecretName(name) || attributes.endsWith('/')) continue;
    const end = text.indexOf(`</${name}`, from);
    cleaned += LEFT_OUT;
    if (end < 0) return cleaned; // it holds all the rest
    from = end;
    TAG.lastIndex = end;
  }
  return cleaned + text.slice(from);
}

function tagWithout(tag: string, attributes: string): string {
  const all = [...attributes.matchAll(ATTRIBUTE)];
  const isMeant = all.some(([, name = '', value = '']) => NAMING.test(name) && isSecretName(value));
  if (!isMeant) return tag;
  return tag.replace(ATTRIBUTE, (whole, name: string) =>
    VALUE.test(name) ? `${name}="${LEFT_OUT}"` : whole,
  );
}

/** A name and what sets it apart from its value. */
const ASSIGNED = /([A-Za-z_][\w.-]{0,63})(["'\]]{0,2}\s{0,8}(?:=>|[:=])\s{0,8})/g;
/** A value in quotes, or one that goes on to the end of the line or of its pair. */
const ASSIGNABLE = /"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|[^\r\n&;<}\]]*/y;
/** Of JSON: a number or a literal. */
const LITERAL = /[\w.+-]+(?=\s{0,8}[,}\]])/y;

function assignmentsWithout(text: string): string {
  let cleaned = '';
  let from = 0;
  ASSIGNED.lastIndex = 0;
  for (let found = ASSIGNED.exec(text); found !== null; found = ASSIGNED.exec(text)) {
    const [whole, name = '', apart = ''] = found;
    if (!isSecretName(name)) continue;
    const begin = found.index + whole.length;
    const end = endOfValue(text, begin, apart.startsWith('"'));
    const quote = /["']/.exec(text[begin] ?? '')?.[0] ?? '';
    cleaned += `${text.slice(from, begin)}${quote}${LEFT_OUT}${quote}`;
    from = end;
    ASSIGNED.lastIndex = end;
  }
  return cleaned + text.slice(from);
}

function endOfValue(text: string, begin: number, isJson: boolean): number {
  if (text[begin] === '{' || text[begin] === '[') return endOfNested(text, begin);
  LITERAL.lastIndex = begin;
  ASSIGNABLE.lastIndex = begin;
  const value = (isJson ? LITERAL.exec(text) : undefined) ?? ASSIGNABLE.exec(text);
  return begin + (value?.[0].length ?? 0);
}

/** Brackets and strings, whatever else there is between them. */
const NESTED = /[[\]{}]|"(?:[^"\\]|\\[\s\S])*"?/g;

function endOfNested(text: string, begin: number): number {
  let depth = 0;
  NESTED.lastIndex = begin;
  for (let found = NESTED.exec(text); found !== null; found = NESTED.exec(text)) {
    const [token] = found;
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (depth === 0) return NESTED.lastIndex;
  }
  return text.length;
}
