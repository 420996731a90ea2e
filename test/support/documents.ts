import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** dist/test/support → the clone. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A fenced block of a document. */
export interface Block {
  /** From the root of the clone. */
  readonly page: string;
  /** Of its first line, in the page. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export const pages: readonly string[] = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(`${root}docs`)
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];

export const blocksOf = (page: string): readonly Block[] =>
  blocksIn(page, readFileSync(root + page, 'utf8'));

/** Fences of three backquotes at the beginning of a line, as all our documents have them. */
export function blocksIn(page: string, text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)?.[1];
    if (fence === undefined) open?.lines.push(line);
    else if (open === undefined) open = { language: fence.trim(), line: index + 2, lines: [] };
    else {
      blocks.push({ page, line: open.line, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block does not end`);
  return blocks;
}

export const placeOf = ({ page, line }: Block): string => `${page}:${line}`;

/**
 * The first line of `shown` that does not appear in `output`, after those before it; undefined: all do. Compared loosely:
 * numbers, ids and times are what they are at the time, `…` stands for anything, white space is white space. What is
 * shown may leave lines out. Version numbers (`2.0`, `2.1`) must be the same.
 */
export function missingIn(output: string, shown: string): string | undefined {
  const lines = output.split('\n');
  let from = 0;
  for (const line of shown.split('\n')) {
    const pattern = patternOf(line);
    const at = lines.findIndex((each, index) => index >= from && pattern.test(each));
    if (at < 0) return line;
    from = at + 1;
  }
  return undefined;
}

function patternOf(line: string): RegExp {
  const parts = line.trim().split(/([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|\d[\d.:eTZ-]*|\s+|…)/);
  return new RegExp(
    parts.map((part, index) => (index % 2 === 1 ? loosely(part) : exactly(part))).join(''),
  );
}

function loosely(part: string): string {
  if (part === '…') return '.*';
  if (/^\s/.test(part)) return '\\s+';
  if (/^[\da-f]{8}-/.test(part)) return '[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}';
  if (/^\d\.\d(?:\.\d)?$/.test(part)) return exactly(part);
  return '\\d[\\d.:eTZ-]*';
}

const exactly = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
