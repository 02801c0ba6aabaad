import type { Growth } from '../../api/rows.ts';
import { useAnswer, useUntilFolded } from '../../api/use-answer.ts';
import { useNewestPosition, usePage } from '../../context.ts';
import { bytesText, millisecondsOf } from '../../model/units.ts';
import { Chart } from '../../parts/chart.tsx';
import { Legend } from '../../parts/legend.tsx';
import { Await, Empty } from '../../parts/states.tsx';

/** milliseconds until a log that is still being read is asked about again */
const again = 500;

/** Bytes over time. */
export function GrowthOverTime() {
  const growth = useAnswer<Growth>('growth', {}, useNewestPosition());
  useUntilFolded(growth, again);
  return (
    <section aria-labelledby="growth">
      <h2 id="growth">Growth</h2>
      <Await of={growth} what="Reading the log">
        {(found) => <Lines growth={found} />}
      </Await>
    </section>
  );
}

function Lines({ growth: { points, folded, total } }: { readonly growth: Growth }) {
  const { utc } = usePage();
  const last = points.at(-1);
  if (last === undefined)
    return (
      <Empty>
        <p>The log has no events yet.</p>
      </Empty>
    );
  const series = [
    { label: 'existing', colour: '--committed', values: points.map(({ bytes }) => Number(bytes)) },
    { label: 'retained', colour: '--removed', values: points.map(({ retainedBytes }) => Number(retainedBytes)) },
  ];
  return (
    <>
      {Number(folded) < Number(total) && (
        <progress max={Number(total)} value={Number(folded)} aria-label="Reading the log" />
      )}
      <Chart
        label={`Bytes over time, now ${bytesText(Number(last.bytes))} and ${bytesText(Number(last.retainedBytes))} retained`}
        times={points.map(({ time }) => millisecondsOf(time) / 1000)}
        series={series}
        kind="lines"
        height={200}
        utc={utc}
        format={bytesText}
      />
      <Legend
        of={[
          ['committed', 'existing', bytesText(Number(last.bytes))],
          ['removed', 'retained', bytesText(Number(last.retainedBytes))],
        ]}
      />
    </>
  );
}
