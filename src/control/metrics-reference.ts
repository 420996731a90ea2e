import { BOUNDS } from '../measures/durations.js';
import { MOST_MEASURED, MOST_PROCESSES, sections, type Family } from './metric-families.js';

/** docs/metrics.md, printed from the table of metrics so that it cannot drift. */

const introduction = `# Metrics

Control serves the metrics of all processes at \`GET /metrics\` on \`configService\`, in Prometheus' text format or, to who asks for it, in
OpenMetrics. If there is a \`configService.token\`, Prometheus needs it as well. A [scrape configuration](../examples/prometheus/prometheus.yml),
[alerts](../examples/prometheus/alerts.yml) and a [dashboard for Grafana](../examples/grafana/cutover.json) are among the examples.

Frontends and workers tell control once a second what they have counted since the last time, and what is now: so no process but control
needs to be reached.

- **Counters are of the whole system**, and begin at 0 when control begins. They do not fall when a frontend or a worker is replaced, or dies;
  what one had counted in its last second is lost if it dies. Of a version that is removed they end.
- **What one process is doing** has the labels \`role\` and \`process\` (its name; a second one of the same name gets \`:2\`), and ends with it.
- **While control is away** nothing is lost but what was on its way: the others go on counting, and tell it to the next control.
- **Without control** (\`registry.kind\` is \`none\`) nothing is told, and there are no metrics.
- \`version\` is a version's number, \`id\` its id: two versions may have one number. Told are the newest ${MOST_MEASURED} versions, and at most ${MOST_PROCESSES} processes.
- Labels that need a word: \`strategy\` is that of the upgrade which was under way as the request ended, \`NONE\` if there was none; \`status\`
  is \`2xx\` and the like, \`none\` where no head of an answer came; \`outcome\` of a request is \`answered\`, \`rescued\` (answered, but not at the first attempt),
  \`failed\` (by an error of Cutover's own), \`cut\` (in the middle of its answer) or \`cancelled\` (the client went away first).
- Buckets of all histograms, in seconds: ${BOUNDS.join(', ')}.

This page is printed from the table of metrics: \`node dist/src/config/print.js metrics > docs/metrics.md\`.
`;

const row = (name: string, { type, labels, help }: Family): string =>
  `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`;

export function metricsReference(): string {
  const tables = Object.entries(sections).map(([title, families]) => {
    const rows = Object.entries<Family>(families).map(([name, family]) => row(name, family));
    return [
      `## ${title}`,
      '',
      '| metric | type | labels | meaning |',
      '|---|---|---|---|',
      ...rows,
      '',
    ].join('\n');
  });
  return [introduction, ...tables].join('\n').trimEnd().concat('\n');
}
