/** Charts as SVG text, which stands in an HTML page without anything else. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Beside the bar. */
  readonly text: string;
  readonly lit: boolean;
}

const WIDTH = 720;
const LABELS = 190; // pixels to the left of the bars
const NUMBERS = 130; // pixels to the right of them
const STEP = 24; // pixels from one bar to the next
const HEIGHT = 200; // of a curve

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, each => `&#${each.charCodeAt(0)};`);

/** Horizontal bars from zero: their lengths may be compared. */
export function barChart(bars: readonly Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const drawn = bars.map(({ label, value, text, lit }, at) => {
    const width = Math.max(0, (value / most) * (WIDTH - LABELS - NUMBERS));
    const y = at * STEP;
    return (
      `<text x="${LABELS - 8}" y="${y + 16}" text-anchor="end">${escaped(label)}</text>` +
      `<rect class="${lit ? 'lit' : 'bar'}" x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="18"/>` +
      `<text x="${(LABELS + width + 6).toFixed(1)}" y="${y + 16}">${escaped(text)}</text>`
    );
  });
  return svg(bars.length * STEP, drawn.join(''));
}

type Point = readonly [x: number, y: number];

/** A line over time, from zero upwards: what grows slowly must not look as if it grew fast. */
export const lineChart = (points: readonly Point[], unit: string): string =>
  linesChart([points], unit);

/** The same, of several lines on one scale. */
export function linesChart(lines: readonly (readonly Point[])[], unit: string): string {
  const points = lines.flat();
  const last = Math.max(...points.map(([x]) => x), Number.MIN_VALUE);
  const most = Math.max(...points.map(([, y]) => y), Number.MIN_VALUE);
  const place = ([x, y]: Point) =>
    `${(LABELS + (x / last) * (WIDTH - LABELS - 20)).toFixed(1)},${(HEIGHT - 20 - (y / most) * (HEIGHT - 40)).toFixed(1)}`;
  const drawn =
    lines.map(line => `<polyline class="line" points="${line.map(place).join(' ')}"/>`).join('') +
    `<text x="${LABELS - 8}" y="24" text-anchor="end">${escaped(`${most.toPrecision(3)} ${unit}`)}</text>` +
    `<text x="${LABELS - 8}" y="${HEIGHT - 20}" text-anchor="end">0</text>` +
    `<text x="${WIDTH - 20}" y="${HEIGHT - 4}" text-anchor="end">${last.toFixed(1)} min</text>`;
  return svg(HEIGHT, drawn);
}

const svg = (height: number, inner: string) =>
  `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">${inner}</svg>`;
