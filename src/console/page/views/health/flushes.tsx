import { useState } from 'preact/hooks';
import type { Flushes as FlushesAnswer, Health } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { useMessages, usePage } from '../../context.ts';
import { type FlushLines, flushLines } from '../../model/flush-lines.ts';
import { counted, millisecondsText } from '../../model/units.ts';
import { Chart } from '../../parts/chart.tsx';
import { Legend } from '../../parts/legend.tsx';
import { Await } from '../../parts/states.tsx';

/** How long the log's flushes took: since the daemon's start, and over the last hour as far as a page was open. */
export function Flushes({ flush }: Pick<Health, 'flush'>) {
  const [round, setRound] = useState(0);
  useMessages(({ kind }) => {
    if (kind === 'state') setRound((one) => one + 1);
  });
  const flushes = useAnswer<FlushesAnswer>('flushes', {}, round);
  return (
    <>
      <Totals flush={flush} />
      <Await of={flushes} what="Asking for flush times">
        {({ points, daemon }) => {
          const lines = flushLines(points);
          if (lines.flushes > 0) return <OverTime lines={lines} />;
          return daemon && <p class="summary">No flush since a page is open: times of each 5 s are shown here.</p>;
        }}
      </Await>
    </>
  );
}

function Totals({ flush }: Pick<Health, 'flush'>) {
  if (flush === null) return <p class="summary">Not known without a running daemon.</p>;
  if (flush.count === 0) return <p class="summary">None since the start of the daemon.</p>;
  const text = (seconds: number) => millisecondsText(seconds * 1000);
  return (
    <dl class="facts">
      <dt>Since the start</dt>
      <dd>{counted(flush.count, 'flush', 'flushes')}</dd>
      <dt>Time of a flush</dt>
      <dd>
        mean {text(flush.mean)}, half within {text(flush.p50)}, 99 % within {text(flush.p99)}
      </dd>
    </dl>
  );
}

function OverTime({ lines: { times, p50, p99, flushes, highest } }: { readonly lines: FlushLines }) {
  const { utc } = usePage();
  const series = [
    { label: 'half within', colour: '--committed', values: p50 },
    { label: '99 % within', colour: '--removed', values: p99 },
  ];
  return (
    <>
      <Chart
        label={`Time of a flush over time, ${counted(flushes, 'flush', 'flushes')}, at most ${millisecondsText(highest)}`}
        times={times}
        series={series}
        kind="points"
        height={160}
        utc={utc}
        format={millisecondsText}
      />
      <Legend
        of={[
          ['committed', 'half within'],
          ['removed', '99 % within'],
        ]}
      />
    </>
  );
}
