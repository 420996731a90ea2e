import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Distribution, LiveUpgrade } from '../../../src/control/live.js';
import type { ShownTally } from '../../../src/control/why.js';
import { curvesOf, decades, doublings } from '../pure/distribution.js';
import { bytes, milliseconds, number } from '../pure/format.js';
import { axis, Chart, LineSample, logarithmic, steps, type Inks } from './chart.js';

type Quantity = 'delay' | 'size';
const units: Readonly<Record<Quantity, (value: number) => string>> = {
  delay: milliseconds,
  size: bytes,
};
const titles: Readonly<Record<Quantity, string>> = {
  delay: 'Delay until the head of the answer',
  size: 'Size of answers',
};

/** How long answers take and how large they are, new against stable. */
export function Distributions({ upgrade }: { readonly upgrade: LiveUpgrade }) {
  return (
    <div class="distributions">
      <DistributionOf quantity="delay" upgrade={upgrade} />
      <DistributionOf quantity="size" upgrade={upgrade} />
    </div>
  );
}

interface Props {
  readonly quantity: Quantity;
  readonly upgrade: LiveUpgrade;
}

function DistributionOf({ quantity, upgrade }: Props) {
  const distribution: Distribution = upgrade[quantity];
  const curves = useMemo(() => curvesOf(distribution), [distribution]);
  const data = useMemo<uPlot.AlignedData>(
    () => (curves === undefined ? [[]] : [curves.at, curves.newer, curves.stable]),
    [curves],
  );
  const { why, version, stable } = upgrade;
  return (
    <figure class="distribution">
      <figcaption>
        {titles[quantity]}, % of answers: {version} <LineSample kind="newer" />,{' '}
        {stable?.version ?? 'stable'} <LineSample kind="stable" />
      </figcaption>
      {curves === undefined ? (
        <p class="nothing">No answers have been seen yet.</p>
      ) : (
        <Chart
          label={spoken(quantity, why?.newer[quantity], why?.stable[quantity])}
          data={data}
          height={190}
          options={options[quantity]}
        />
      )}
      {why !== undefined && (
        <Quantiles
          quantity={quantity}
          rows={[
            [version, why.newer],
            [stable?.version ?? 'stable', why.stable],
            ['typically', why.typical],
          ]}
        />
      )}
    </figure>
  );
}

type Summary = ShownTally['delay'];

function spoken(quantity: Quantity, newer: Summary, stable: Summary): string {
  const [unit, title] = [units[quantity], titles[quantity]];
  const of = (name: string, summary: Summary) =>
    summary === undefined
      ? ''
      : `; median ${name} ${unit(summary.p50)}, 99 % below ${unit(summary.p99)}`;
  return `${title}${of('of the new version', newer)}${of('of the stable version', stable)}`;
}

interface QuantilesProps {
  readonly quantity: Quantity;
  readonly rows: readonly (readonly [name: string, tally: ShownTally])[];
}

function Quantiles({ quantity, rows }: QuantilesProps) {
  const unit = units[quantity];
  const known = rows.flatMap(([name, tally]) => {
    const of = tally[quantity];
    return of === undefined ? [] : [{ name, of }];
  });
  if (known.length === 0) return null;
  return (
    <table class="quantiles">
      <thead>
        <tr>
          <th scope="col">version</th>
          <th scope="col">p50</th>
          <th scope="col">p95</th>
          <th scope="col">p99</th>
        </tr>
      </thead>
      <tbody>
        {known.map(({ name, of }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{unit(of.p50)}</td>
            <td>{unit(of.p95)}</td>
            <td>{unit(of.p99)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** CSS pixels that a label of the axis takes. */
const LABEL = 70;

/** As many as there is room for. */
const ticks: Readonly<
  Record<Quantity, (least: number, greatest: number, most: number) => readonly number[]>
> = { delay: decades, size: doublings };

const optionsFor =
  (quantity: Quantity) =>
  (inks: Inks): Omit<uPlot.Options, 'width' | 'height'> => ({
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: { time: false, distr: logarithmic, range: (_, least, most) => [least, most] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
    },
    axes: [
      axis(inks, {
        size: 28,
        splits: (plot, _, least, most) => [...ticks[quantity](least, most, plot.width / LABEL)],
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(units[quantity]),
      }),
      axis(inks, { size: 42, values: (_, splits) => splits.map(number) }),
    ],
    series: [
      {},
      {
        stroke: inks.newer,
        fill: inks['newer-wash'],
        width: 2,
        ...steps,
        points: { show: false },
      },
      {
        stroke: inks.stable,
        width: 2,
        dash: [6, 4],
        ...steps,
        points: { show: false },
      },
    ],
  });

const options = { delay: optionsFor('delay'), size: optionsFor('size') };
