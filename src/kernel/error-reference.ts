/** Prints docs/errors.md from the table of errors, so that it cannot drift. */
import { errorCodes, kindOf, type ErrorCode } from './errors.js';

const faults = {
  client: 'The client’s fault',
  container: 'A server’s fault',
  cutover: 'Cutover’s own limits and faults',
} as const;

export function errorReference(): string {
  const chapters = Object.entries(faults).map(([fault, title]) => {
    const rows = errorCodes.filter(code => kindOf(code).fault === fault).map(row);
    return [
      `## ${title}`,
      '',
      '| code | status | meaning | a server may have seen it |',
      '|---|---|---|---|',
      ...rows,
    ];
  });
  return [...opening, ...chapters.map(lines => lines.join('\n')), ''].join('\n\n');
}

const opening = [
  '# Errors',
  'Printed from `src/kernel/errors.ts` by `npm run docs`. The client gets the status and plain text with ' +
    'the code in it; 503 carries `Retry-After`. What no server can have seen may be sent to another one, ' +
    'whatever its method; otherwise only what is safe to repeat (GET, HEAD, OPTIONS, TRACE, PUT, DELETE).',
];

function row(code: ErrorCode): string {
  const { status, meaning, unseen } = kindOf(code);
  return `| \`${code}\` | ${status} | ${meaning} | ${unseen ? 'no' : 'yes'} |`;
}
