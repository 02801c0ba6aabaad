import type { Density, Incident } from '../../api/rows.ts';
import { usePage } from '../../context.ts';
import { groupOf, groups } from '../../model/kinds.ts';
import { counted, countText, millisecondsOf } from '../../model/units.ts';
import { Chart } from '../../parts/chart.tsx';
import { Legend } from '../../parts/legend.tsx';
import { Time } from '../../parts/text.tsx';

interface DensityProps {
  readonly density: Density;
  readonly incidents: readonly Incident[];
  readonly onSelect: (from: number, to: number) => void;
}

/** Events that are not counted by type yet. */
const uncounted = 'uncounted';

/** How many events there were when, by what they are about, with incidents as marks. */
export function DensityChart({ density, incidents, onSelect }: DensityProps) {
  const { utc } = usePage();
  const { times, counts } = countsIn(density);
  const series = [...groups, uncounted].flatMap((group) => {
    const values = counts.map((one) => one[group] ?? 0);
    const total = values.reduce((sum, value) => sum + value, 0);
    return total === 0 ? [] : [{ label: group, colour: `--${group}`, values, total }];
  });
  const total = series.reduce((sum, one) => sum + one.total, 0);
  const [start, end] = [millisecondsOf(density.start), millisecondsOf(density.end)];
  const [folded, all] = [Number(density.folded), Number(density.total)];
  return (
    <section aria-label="Density of events">
      <p class="summary">
        <strong>{counted(total, 'event')}</strong> from <Time at={start} /> to <Time at={end} />. Drag over the chart to
        zoom.
        {folded < all && (
          <progress max={all} value={folded} aria-label={`counted ${countText(folded)} of ${counted(all, 'event')}`} />
        )}
      </p>
      <Chart
        label={`${counted(total, 'event')}: ${series.map((one) => `${countText(one.total)} ${one.label}`).join(', ')}`}
        times={times}
        series={series}
        kind="bars"
        height={180}
        utc={utc}
        format={countText}
        onSelect={onSelect}
        marks={incidents.map(({ time }) => millisecondsOf(time) / 1000)}
      />
      <Legend of={series.map(({ label, total }) => [label, label, countText(total)])} />
    </section>
  );
}

type Counts = Readonly<Record<string, number>>;

/** Every bucket from the first to the last, in seconds since 1970. */
function countsIn({ start, end, step, buckets }: Density): { times: number[]; counts: Counts[] } {
  const [begin, width] = [millisecondsOf(start) / 1000, Number(step) / 1e9];
  const length = Math.max(1, Math.ceil((millisecondsOf(end) / 1000 - begin) / width));
  const times = Array.from({ length }, (_, at) => begin + at * width);
  const counts: Record<string, number>[] = times.map(() => ({}));
  for (const { at, counts: byType } of buckets) {
    const bucket = counts[Math.min(at, length - 1)];
    if (bucket === undefined) continue;
    for (const [type, count] of Object.entries(byType)) {
      const group = type === '' ? uncounted : groupOf(type);
      bucket[group] = (bucket[group] ?? 0) + count;
    }
  }
  return { times, counts };
}
