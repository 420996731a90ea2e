import { useContext, useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { ThemeContext } from './theme-context.js';

export type Inks = Readonly<
  Record<'ink' | 'faint' | 'newer' | 'stable' | 'bad' | 'wait' | 'newer-wash', string>
>;

interface Props {
  /** What somebody hears who does not see the chart. */
  readonly label: string;
  readonly data: uPlot.AlignedData;
  /** CSS pixels. */
  readonly height: number;
  /** All but the width; asked for anew when the colours change. */
  readonly options: (inks: Inks) => Omit<uPlot.Options, 'width' | 'height'>;
}

/** A uPlot that is as wide as its place. */
export function Chart({ label, data, height, options }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const theme = useContext(ThemeContext);

  useEffect(() => {
    const at = place.current;
    if (at === null) return undefined;
    const width = Math.max(200, at.clientWidth);
    const drawn = new uPlot({ ...options(inksOf(at)), width, height }, data, at);
    plot.current = drawn;
    const resized = new ResizeObserver(() => {
      const wide = Math.max(200, at.clientWidth);
      if (wide !== drawn.width) drawn.setSize({ width: wide, height });
    });
    resized.observe(at);
    return () => {
      resized.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
    // Data come below; `options` are the same function for one kind of chart.
  }, [theme, height, options]);

  useEffect(() => plot.current?.setData(data), [data]);

  return <div class="chart" ref={place} role="img" aria-label={label} />;
}

const names = ['ink', 'faint', 'newer', 'stable', 'bad', 'wait', 'newer-wash'] as const;

/** A canvas wants colours as they are, and not by the names that the style sheet has for them. */
function inksOf(place: HTMLElement): Inks {
  const probe = document.createElement('span');
  place.append(probe);
  const inks = Object.fromEntries(
    names.map(name => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }),
  ) as Inks;
  probe.remove();
  return inks;
}

/** Steps from where a value begins to where the next one does. */
export const steps: Pick<uPlot.Series, 'paths'> =
  uPlot.paths.stepped === undefined ? {} : { paths: uPlot.paths.stepped({ align: 1 }) };

/** uPlot's enums are there for the compiler only. */
export const logarithmic = 3 as uPlot.Scale.Distr;
export const rightSide = 1 as uPlot.Axis.Side;

const FONT = '11px system-ui, sans-serif';

/** What all axes have in common. */
export const axis = (inks: Inks, rest: uPlot.Axis): uPlot.Axis => ({
  stroke: inks.ink,
  font: FONT,
  labelFont: FONT,
  labelSize: 16,
  labelGap: 0,
  grid: { stroke: inks.faint, width: 1 },
  ticks: { stroke: inks.faint, width: 1, size: 4 },
  ...rest,
});

/** A sample of a line, for a legend: it is told apart by its dashes as well. */
export function LineSample({ kind }: { readonly kind: 'newer' | 'stable' | 'bad' | 'wait' }) {
  return (
    <svg class={`sample sample-${kind}`} viewBox="0 0 28 10" aria-hidden="true" focusable="false">
      <path d="M1 5h26" />
    </svg>
  );
}
