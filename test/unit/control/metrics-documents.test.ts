/** What is checked in beside the metrics: the page about them, alerts, and the dashboard for Grafana. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { families, sections } from '../../../src/control/metric-families.js';
import { metricsReference } from '../../../src/control/metrics-reference.js';
import { eventNames } from '../../../src/control/chronicle.js';
import { isErrorCode } from '../../../src/kernel/errors.js';
import {
  comparisonResults,
  requestEnds,
  servedEnds,
  statusClasses,
  strategyLabels,
} from '../../../src/wire/measures.js';

const root = new URL('../../../../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** Every name under which a series of a family can be asked for, with its labels. */
const series = new Map<string, readonly string[]>(
  Object.entries(families).flatMap(([name, { type, labels }]) => {
    const parts: (readonly [string, readonly string[]])[] = [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
    return type === 'histogram' ? parts : [[name, labels] as const];
  }),
);

interface Selector {
  readonly name: string;
  readonly matchers: readonly (readonly [label: string, values: readonly string[]])[];
}

/** The metrics of ours that an expression speaks of, with what it asks of their labels. */
const selectorsIn = (expression: string): readonly Selector[] =>
  [...expression.matchAll(/\b(cutover_\w+)(?:\{([^}]*)\})?/g)].map(([, name = '', inner = '']) => ({
    name,
    matchers: [...inner.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*"([^"]*)"/g)].map(
      ([, label = '', values = '']) => [label, values.split('|')] as const,
    ),
  }));

/** Labels behind `by` and `on`. */
const groupedBy = (expression: string): readonly string[] =>
  [...expression.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map(label => label.trim()),
  );

/** What the labels can be whose values are a few words; of the others anything. */
const words: Readonly<Record<string, (value: string) => boolean>> = {
  code: isErrorCode,
  what: value => eventNames.includes(value),
  outcome: value =>
    [...requestEnds, ...servedEnds, 'ok', 'different'].some(known => known === value),
  status: value => statusClasses.some(known => known === value),
  strategy: value => strategyLabels.some(known => known === value),
  result: value => comparisonResults.some(known => known === value),
  role: value => ['frontend', 'worker', 'control'].includes(value),
  percentile: value => ['50', '99', '100'].includes(value),
  verdict: value => ['healthy', 'inconclusive', 'unhealthy'].includes(value),
  mode: value => strategyLabels.some(known => known === value),
};

function check(expression: string): void {
  const selectors = selectorsIn(expression);
  const labels = selectors.flatMap(({ name }) => series.get(name) ?? []);
  for (const { name, matchers } of selectors) {
    expect(series.has(name), `${name} in ${expression}`).to.equal(true);
    for (const [label, values] of matchers) {
      expect(series.get(name), expression).to.include(label);
      const isWord = words[label] ?? (() => true);
      expect(
        values.filter(value => !isWord(value)),
        expression,
      ).to.deep.equal([]);
    }
  }
  for (const label of groupedBy(expression)) expect(labels, expression).to.include(label);
}

/** Expressions of a rule file, on one line or folded (`>-`). */
function expressionsOf(yaml: string): readonly string[] {
  const found = [...yaml.matchAll(/^( +)expr: (?:>-\n((?:\1 +.*\n)+)|(.+))/gm)];
  return found.map(([, , folded, plain]) => (folded ?? plain ?? '').replaceAll(/\s+/g, ' ').trim());
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly type: string;
    readonly id: number;
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}
const dashboard = JSON.parse(textOf('examples/grafana/cutover.json')) as Dashboard;
const targets = dashboard.panels.flatMap(panel => panel.targets ?? []);

describe('documents of the metrics', () => {
  it('docs/metrics.md is that of the table (node dist/src/config/print.js metrics)', () => {
    expect(textOf('docs/metrics.md')).to.equal(metricsReference());
  });

  it('docs/metrics.md names every metric once', () => {
    const named = [...textOf('docs/metrics.md').matchAll(/^\| `(cutover_\w+)`/gm)];
    expect(named.map(([, name]) => name)).to.have.members(Object.keys(families));
    expect(Object.values(sections).flatMap(each => Object.keys(each))).to.have.length(named.length);
  });

  it('examples/prometheus/alerts.yml speaks of metrics, labels and values that exist', () => {
    const alerts = textOf('examples/prometheus/alerts.yml');
    const expressions = expressionsOf(alerts);
    expect(expressions).to.have.length([...alerts.matchAll(/- alert:/g)].length);
    expect(expressions.flatMap(selectorsIn)).to.have.length.above(20);
    for (const each of expressions) check(each);
  });

  it('examples/prometheus/alerts.yml shows labels that its expressions keep', () => {
    const rules = textOf('examples/prometheus/alerts.yml').split('- alert:').slice(1);
    for (const rule of rules) {
      const [expression = ''] = expressionsOf(rule);
      const shown = [...rule.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
      const kept = [...expression.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)];
      const labels =
        kept.length > 0
          ? kept.flatMap(([, inner = '']) => inner.split(',').map(label => label.trim()))
          : selectorsIn(expression).flatMap(({ name }) => series.get(name) ?? []);
      for (const label of shown) expect(labels, rule).to.include(label);
    }
  });

  it('examples/grafana/cutover.json speaks of metrics, labels and values that exist', () => {
    for (const { expr } of [...targets, ...dashboard.annotations.list]) {
      expect(selectorsIn(expr), expr).not.to.be.empty;
      check(expr);
    }
  });

  it('examples/grafana/cutover.json shows labels that its expressions keep, in panels of their own ids', () => {
    for (const { expr, legendFormat } of targets) {
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      const kept = groupedBy(expr);
      const labels =
        kept.length > 0 ? kept : selectorsIn(expr).flatMap(({ name }) => series.get(name) ?? []);
      for (const label of shown) expect(labels, expr).to.include(label);
    }
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('no metric is without a place on the dashboard or in an alert, but for these', () => {
    const spoken = new Set(
      [...targets.map(({ expr }) => expr), textOf('examples/prometheus/alerts.yml')]
        .flatMap(selectorsIn)
        .map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')),
    );
    expect(Object.keys(families).filter(name => !spoken.has(name))).to.have.members([
      'cutover_build_info',
      'cutover_client_connections_accepted_total',
      'cutover_process_heap_bytes',
      'cutover_process_start_time_seconds',
      'cutover_process_table_edition',
      'cutover_queue_wait_seconds',
      'cutover_request_duration_seconds',
      'cutover_session_cookies_total',
      'cutover_table_edition',
    ]);
  });
});
