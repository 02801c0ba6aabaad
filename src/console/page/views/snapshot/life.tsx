import type { History } from '../../api/rows.ts';
import { stagesOf } from '../../model/life.ts';
import { spanText } from '../../model/units.ts';
import { Time } from '../../parts/text.tsx';

/** A stage is at least this much of the bar, so that it can be seen. */
const least = 0.02;

/** The life of a snapshot as a bar: what it was, and for how long. */
export function Life({ events }: Pick<History, 'events'>) {
  const stages = stagesOf(events, Date.now());
  const [first, last] = [stages[0], stages.at(-1)];
  if (first === undefined || last === undefined) return <p class="summary">Nothing is known of its beginning.</p>;
  const span = Math.max(1, last.to - first.from);
  const words = stages.map(({ phase, from, to }) => `${phase} for ${spanText(to - from)}`).join(', then ');
  return (
    <figure class="life">
      <div class="bar" role="img" aria-label={words}>
        {stages.map(({ phase, from, to }) => (
          <div key={from + phase} class={phase} style={{ flexGrow: Math.max(least, (to - from) / span) }} />
        ))}
      </div>
      <figcaption>
        <Time at={first.from} /> to <Time at={last.to} />: {words}
      </figcaption>
    </figure>
  );
}
