import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { timeText } from '../model/units.ts';

export interface Series {
  readonly label: string;
  /** name of a custom property with its colour */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  /** what it shows, for those who can't see it */
  readonly label: string;
  /** seconds since 1970, ascending */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** stacked bars, lines, or lines with a dot for a value without others beside it */
  readonly kind: 'bars' | 'lines' | 'points';
  readonly height: number;
  readonly utc: boolean;
  readonly format: (value: number) => string;
  /** seconds between which the reader has drawn a selection */
  readonly onSelect?: (from: number, to: number) => void;
  /** moments to mark, in seconds */
  readonly marks?: readonly number[];
}

const colourOf = (element: Element, name: string) => getComputedStyle(element).getPropertyValue(name).trim();
const dark = () => matchMedia('(prefers-color-scheme: dark)');

/** A chart over time. Bars are stacked. It is drawn anew when the colours of the system change. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const newest = useRef(props);
  newest.current = props;
  const drawing = JSON.stringify([props.times, props.series, props.marks, props.utc, props.height]);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    let plot = drawn(element, newest.current);
    const resized = new ResizeObserver(() =>
      plot.setSize({ width: element.clientWidth, height: newest.current.height }),
    );
    resized.observe(element);
    const recolour = () => {
      plot.destroy();
      plot = drawn(element, newest.current);
    };
    const scheme = dark();
    scheme.addEventListener('change', recolour);
    return () => {
      scheme.removeEventListener('change', recolour);
      resized.disconnect();
      plot.destroy();
    };
  }, [drawing]);
  return <div class="chart" ref={host} role="img" aria-label={props.label} />;
}

function drawn(element: HTMLElement, props: ChartProps): uPlot {
  const { times, series, kind, height, utc, format, onSelect } = props;
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 1];
  const [text, grid] = [colourOf(element, '--muted'), colourOf(element, '--line')];
  const axis: uPlot.Axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  // Stacked: the sum of all series is drawn first, each next one without the last of them over it.
  const stacked = kind === 'bars' ? stack(series).reverse() : series;
  const options: uPlot.Options = {
    width: Math.max(200, element.clientWidth),
    height,
    legend: { show: false },
    cursor: { drag: { x: onSelect !== undefined, y: false, setScale: false }, points: { show: kind !== 'bars' } },
    scales: {
      x: { time: true, range: [Math.min(first, last - leastSpan(kind)), last] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.05 : 1] },
    },
    axes: [
      {
        ...axis,
        size: 32,
        space: 110,
        values: (plot, splits, _axis, _space, step) => splits.map((at) => tick(at, step, spanOf(plot), utc)),
      },
      { ...axis, size: 64, ...(kind !== 'points' && { incrs: powers }), values: (_plot, splits) => splits.map(format) },
    ],
    series: [{}, ...stacked.map(({ label, colour }) => seriesOf(kind, label, colourOf(element, colour)))],
    hooks: {
      draw: [(plot) => drawMarks(plot, props.marks ?? [], colourOf(element, '--incident'))],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width > 4) onSelect?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
        },
      ],
    },
  };
  if (utc) options.tzDate = (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC');
  const data = [times, ...stacked.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  return new uPlot(options, data, element);
}

/** Steps of values: round ones of counts are close to those of bytes. */
const powers = Array.from({ length: 50 }, (_, at) => 2 ** at);

/** Seconds that are shown at least: one value has no span. */
const leastSpan = (kind: ChartProps['kind']) => (kind === 'points' ? 300 : 1);

const spanOf = ({ scales }: uPlot) => (scales.x?.max ?? 0) - (scales.x?.min ?? 0);

/** A moment, as exact as the distance between two of them, with its day if the chart has several. */
function tick(seconds: number, step: number, span: number, utc: boolean): string {
  const text = timeText(seconds * 1000, utc);
  const [day, time] = [text.slice(5, 10), text.slice(11)];
  if (step >= 86_400) return day;
  const shown = step >= 60 ? time.slice(0, 5) : step >= 1 ? time : `${time}${(seconds % 1).toFixed(3).slice(1)}`;
  return span > 86_400 ? `${day} ${shown}` : shown;
}

const bars = uPlot.paths.bars?.({ size: [0.9, 48], align: 1 });

function seriesOf(kind: ChartProps['kind'], label: string, colour: string): uPlot.Series {
  if (kind === 'lines') return { label, stroke: colour, width: 2, points: { show: false } };
  if (kind === 'points')
    return { label, stroke: colour, width: 2, points: { show: true, size: 6, fill: colour, filter: alone } };
  return { label, fill: colour, stroke: colour, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
}

/** Values without one beside them: no line shows them. */
function alone({ data }: uPlot, at: number): number[] {
  const values = data[at] ?? [];
  const has = (index: number) => (values[index] ?? null) !== null;
  return Array.from(values.keys()).filter((index) => has(index) && !has(index - 1) && !has(index + 1));
}

/** Each series with all before it added. */
function stack(series: readonly Series[]): Series[] {
  const sums: number[] = [];
  return series.map((one) => ({
    ...one,
    values: one.values.map((value, at) => {
      sums[at] = (sums[at] ?? 0) + (value ?? 0);
      return sums[at];
    }),
  }));
}

/** A line over the whole height and a triangle at its foot, so that it does not depend on colour. */
function drawMarks(plot: uPlot, marks: readonly number[], colour: string): void {
  const { ctx, bbox } = plot;
  const size = 5 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour;
  for (const mark of marks) {
    const x = plot.valToPos(mark, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.globalAlpha = 0.5;
    ctx.fillRect(x - 0.5, bbox.top, 1, bbox.height);
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + bbox.height - 2 * size);
    ctx.lineTo(x + size, bbox.top + bbox.height);
    ctx.lineTo(x - size, bbox.top + bbox.height);
    ctx.fill();
  }
  ctx.restore();
}
