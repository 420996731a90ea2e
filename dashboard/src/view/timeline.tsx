import { useMemo } from 'preact/hooks';
import uPlot from 'uplot';
import type { LiveUpgrade } from '../../../src/control/live.js';
import { clockTime, number, percent } from '../pure/format.js';
import { marksOf, summaryOf, timelineOf, type Mark, type Timeline } from '../pure/timeline.js';
import { axis, Chart, LineSample, rightSide, steps, type Inks } from './chart.js';

/** Charts of one timeline have their cursors in common. */
const cursor: uPlot.Cursor = { sync: { key: 'upgrade' }, drag: { x: false, y: false }, y: false };
/** CSS pixels: the charts stand below each other, and a moment stands at the same place in all of them. */
const LEFT = 44;
const RIGHT = 40;
/** CSS pixels of a line, and of the gap behind it. */
const DASHES = [6, 4];

/** The marks are read when it is drawn: they change more often than the chart is made. */
interface Marks {
  current: readonly Mark[];
}

/** The upgrade over time: how far it is, what speaks against it, what failed; and what happened. */
export function TimelineCharts({ upgrade }: { readonly upgrade: LiveUpgrade }) {
  const marks = useMemo<Marks>(() => ({ current: [] }), []);
  marks.current = marksOf(upgrade);
  const timeline = useMemo(() => timelineOf(upgrade.points), [upgrade.points]);
  const share = useMemo(() => withMarks(shareOptions, marks), [marks]);
  const evidence = useMemo(() => withMarks(strengthOptions, marks), [marks]);
  const failing = useMemo(() => withMarks(failingOptions, marks), [marks]);
  const data = useMemo(() => columnsOf(timeline), [timeline]);
  const summary = summaryOf(upgrade.points);

  return (
    <div class="timeline">
      <div class="charts">
        <figure>
          <figcaption>
            Share of version {upgrade.version}, % <LineSample kind="newer" />
          </figcaption>
          <Chart
            label={`Share over time. ${summary}`}
            data={data.share}
            height={130}
            options={share}
          />
        </figure>
        <figure>
          <figcaption>
            Evidence against it, % of what makes it unhealthy <LineSample kind="newer" />; unhealthy
            from here <LineSample kind="bad" />
          </figcaption>
          <Chart
            label={`Evidence against the version over time. ${summary}`}
            data={data.strength}
            height={130}
            options={evidence}
          />
        </figure>
        <figure>
          <figcaption>
            Failed requests, %: {upgrade.version} <LineSample kind="newer" />
            {upgrade.stable !== undefined && (
              <>
                , {upgrade.stable.version} <LineSample kind="stable" />
              </>
            )}
            ; rescues each second, right axis <LineSample kind="wait" />
          </figcaption>
          <Chart
            label="Failed requests of both versions in percent, and rescues each second"
            data={data.failing}
            height={160}
            options={failing}
          />
        </figure>
        <Numbers timeline={timeline} />
      </div>
      <MarkList marks={marks.current} />
    </div>
  );
}

function columnsOf(timeline: Timeline) {
  const { at, share, strength, newerFailing, stableFailing, rescues } = timeline;
  const near = strength.map(value => (value === null ? null : 100 * value));
  return {
    share: [at, share] satisfies uPlot.AlignedData,
    strength: [at, near, at.map(() => 100)] satisfies uPlot.AlignedData,
    failing: [at, newerFailing, stableFailing, rescues] satisfies uPlot.AlignedData,
  };
}

type Options = Omit<uPlot.Options, 'width' | 'height'>;

const withMarks =
  (options: (inks: Inks) => Options, marks: Marks) =>
  (inks: Inks): Options => ({
    ...options(inks),
    legend: { show: false },
    cursor,
    hooks: { draw: [plot => drawMarks(plot, marks.current, inks)] },
  });

const times = (inks: Inks): uPlot.Axis =>
  axis(inks, {
    space: 70,
    size: 28,
    values: (_, splits, __, ___, increment) =>
      splits.map(at => clockTime(at * 1000, increment < 60)),
  });

const shareOptions = (inks: Inks): Options => ({
  padding: [null, RIGHT, null, null],
  scales: { x: { time: true }, y: { range: [0, 102] } },
  axes: [times(inks), axis(inks, { size: LEFT, values: (_, splits) => splits.map(String) })],
  series: [
    {},
    {
      stroke: inks.newer,
      fill: inks['newer-wash'],
      width: 2,
      ...steps,
      points: { show: false },
    },
  ],
});

const strengthOptions = (inks: Inks): Options => ({
  padding: [null, RIGHT, null, null],
  scales: { x: { time: true }, y: { range: [0, 110] } },
  axes: [times(inks), axis(inks, { size: LEFT, values: (_, splits) => splits.map(String) })],
  series: [
    {},
    { stroke: inks.newer, width: 2, points: { show: false } },
    { stroke: inks.bad, width: 2, dash: DASHES, points: { show: false } },
  ],
});

const failingOptions = (inks: Inks): Options => ({
  padding: [null, 0, null, null],
  scales: {
    x: { time: true },
    y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    rescues: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
  },
  axes: [
    times(inks),
    axis(inks, { size: LEFT, values: (_, splits) => splits.map(number) }),
    axis(inks, {
      scale: 'rescues',
      side: rightSide,
      size: RIGHT,
      grid: { show: false },
      values: (_, splits) => splits.map(number),
    }),
  ],
  series: [
    {},
    { stroke: inks.newer, width: 2, points: { show: false } },
    { stroke: inks.stable, width: 2, dash: DASHES, points: { show: false } },
    { scale: 'rescues', stroke: inks.wait, width: 1.5, dash: [2, 3], points: { show: false } },
  ],
});

/** CSS pixels: a number that would stand on the one before stands below it. */
const NEAR = 14;
const LINE = 11;

/** A line where something happened, with the number that it has in the list. */
function drawMarks(plot: uPlot, marks: readonly Mark[], inks: Inks): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = inks.ink;
  ctx.lineWidth = ratio;
  ctx.font = `${String(10 * ratio)}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  let [before, row] = [-Infinity, 0];
  for (const { at, number: name } of marks) {
    // It begins a moment before its first point, and ends one after its last.
    const place = Math.round(plot.valToPos(at, 'x', true));
    const x = Math.min(bbox.left + bbox.width, Math.max(bbox.left, place));
    row = x - before < NEAR * ratio ? row + 1 : 0;
    before = x;
    ctx.setLineDash([2 * ratio, 2 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(String(name), x + 3 * ratio, bbox.top + (2 + row * LINE) * ratio);
  }
  ctx.restore();
}

function MarkList({ marks }: { readonly marks: readonly Mark[] }) {
  return (
    <div class="marks">
      <h3>What happened</h3>
      {marks.length === 0 ? (
        <p>
          Nothing yet. Verbs and changes of the verdict are listed here, and marked in the charts.
        </p>
      ) : (
        <ol tabIndex={0} aria-label="What happened, in this order">
          {marks.map(({ number: name, at, what, because }) => (
            <li key={name} value={name}>
              <time dateTime={new Date(at * 1000).toISOString()}>{clockTime(at * 1000)}</time>{' '}
              <strong>{what}</strong>
              {because !== undefined && `: ${because}`}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

/** Rows of the table: the newest, as many as anybody reads. */
const MOST_ROWS = 30;

/** The same as a table, for those who would rather read than look. */
function Numbers({ timeline }: { readonly timeline: Timeline }) {
  const rows = timeline.at.map((_, index) => index).slice(-MOST_ROWS);
  const cell = (value: number | null | undefined) =>
    value === null || value === undefined ? '–' : percent(value);
  return (
    <details>
      <summary>The last {rows.length} points as a table</summary>
      <div class="wide" tabIndex={0} role="region" aria-label="Points of the timeline">
        <table>
          <thead>
            <tr>
              <th scope="col">at</th>
              <th scope="col">share</th>
              <th scope="col">evidence</th>
              <th scope="col">newer fails</th>
              <th scope="col">stable fails</th>
              <th scope="col">rescues/s</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(row => (
              <tr key={row}>
                <th scope="row">{clockTime((timeline.at[row] ?? 0) * 1000)}</th>
                <td>{cell(timeline.share[row])}</td>
                <td>{cell((timeline.strength[row] ?? 0) * 100)}</td>
                <td>{cell(timeline.newerFailing[row])}</td>
                <td>{cell(timeline.stableFailing[row])}</td>
                <td>{number(timeline.rescues[row] ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
