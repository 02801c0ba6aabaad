import type { Stat } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { millisecondsOf } from '../../model/units.ts';
import { Scroll } from '../../parts/scroll.tsx';
import { Await } from '../../parts/states.tsx';
import { Bytes, Foreign, Time } from '../../parts/text.tsx';

interface NowProps {
  readonly id: string;
  /** asked again when it changes */
  readonly occasion: number;
}

/** An existing snapshot as it is. */
export function Now({ id, occasion }: NowProps) {
  const stat = useAnswer<Stat>('stat', { key: id }, occasion);
  return (
    <Await of={stat} what="Reading the snapshot">
      {({ usage, created, updated, labels, path }) => (
        <section aria-labelledby={`now-${id}`}>
          <h3 id={`now-${id}`}>Now</h3>
          <dl class="facts">
            <dt>Size</dt>
            <dd>
              {usage === null ? 'not measured' : <Bytes of={Number(usage.bytes)} />}
              {usage !== null && `, ${usage.inodes} inodes`}
            </dd>
            <dt>Created</dt>
            <dd>
              <Time at={millisecondsOf(created)} />
            </dd>
            <dt>Updated</dt>
            <dd>
              <Time at={millisecondsOf(updated)} />
            </dd>
            <dt>Directory</dt>
            <dd>
              <Foreign text={path} whole />
            </dd>
          </dl>
          <h3>Labels</h3>
          <LabelTable labels={labels} />
        </section>
      )}
    </Await>
  );
}

function LabelTable({ labels }: Pick<Stat, 'labels'>) {
  const all = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  if (all.length === 0) return <p class="summary">no labels</p>;
  return (
    <Scroll of="labels">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th>Value</th>
          </tr>
        </thead>
        <tbody>
          {all.map(([name, value]) => (
            <tr key={name}>
              <td>
                <Foreign text={name} whole />
              </td>
              <td>
                <Foreign text={value} whole />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
