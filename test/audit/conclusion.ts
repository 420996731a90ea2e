/** What `npm audit --json` has said: its report, or why there is none. */

export const levels = ['info', 'low', 'moderate', 'high', 'critical'] as const;
export type Level = (typeof levels)[number];

export type Conclusion =
  /** Nobody answered, or not with a report. */
  | { readonly kind: 'not-asked'; readonly because: string }
  | { readonly kind: 'nothing-known'; readonly dependencies: number }
  | { readonly kind: 'vulnerable'; readonly lines: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

/** `output`: what npm has written. `from`: the level from which on a vulnerability counts. */
export function conclusionOf(output: string, from: Level): Conclusion {
  const report = parsed(output);
  const vulnerabilities = fields(report['vulnerabilities']);
  const { vulnerabilities: counts, dependencies } = fields(report['metadata']) ?? {};
  const counted = fields(counts);
  if (vulnerabilities === undefined || counted === undefined) {
    return { kind: 'not-asked', because: reasonIn(report) };
  }
  const names = levels.slice(levels.indexOf(from));
  const known = Object.entries(vulnerabilities).flatMap(([name, each]) => {
    const { severity, range, via } = fields(each) ?? {};
    const isCounted = names.some(level => level === severity);
    return isCounted ? [`${String(severity)}: ${name} ${String(range)}: ${titles(via)}`] : [];
  });
  // Counts that are told without a name are believed, too.
  const number = names.reduce((sum, level) => sum + Number(counted[level] ?? 0), 0);
  if (known.length === 0 && number === 0) {
    return { kind: 'nothing-known', dependencies: Number(fields(dependencies)?.['total'] ?? 0) };
  }
  return { kind: 'vulnerable', lines: known.length > 0 ? known : [`${number} without a name`] };
}

/** An empty report stands for what is none, such as a page of a proxy. */
function parsed(output: string): Fields {
  try {
    return fields(JSON.parse(output)) ?? {};
  } catch {
    return {};
  }
}

function reasonIn({ message, error }: Fields): string {
  const { summary, code } = fields(error) ?? {};
  const reason = [message, summary, code].find(each => typeof each === 'string' && each !== '');
  return typeof reason === 'string' ? reason : 'npm gave no report';
}

function titles(via: unknown): string {
  const list: readonly unknown[] = Array.isArray(via) ? via : [];
  return list
    .map(each => (typeof each === 'string' ? `by ${each}` : String(fields(each)?.['title'])))
    .join('; ');
}

const fields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null ? (value as Fields) : undefined;
