import type { Density } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { useNewestPosition, usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { countText } from '../../model/units.ts';
import { Time } from '../../parts/text.tsx';
import type { Moment } from './use-forest.ts';

const marks = 120;

interface SliderProps {
  /** the moment that is asked for, empty for now */
  readonly at: string;
  readonly shown: Moment | undefined;
  readonly onMove: (at: string) => void;
}

/** Moves the view through the log, from its first event that is left to now. */
export function Slider({ at, shown, onMove }: SliderProps) {
  const { address, session } = usePage();
  const newest = useNewestPosition();
  const [first, last] = [Number(session.first), Math.max(newest, Number(session.first))];
  const position = at === '' ? last : positionIn(at, shown?.position ?? last);
  const shownText = countText(shown?.position ?? position);
  return (
    <section class="slider" aria-label="Time slider" data-shown={shown?.position}>
      <Shape first={first} last={last} />
      <input
        type="range"
        data-key="t"
        aria-label="Moment"
        aria-keyshortcuts="t"
        aria-valuetext={at === '' ? 'now' : `position ${countText(position)}`}
        min={first}
        max={last}
        value={position}
        onInput={({ currentTarget: { value } }) => onMove(Number(value) >= last ? '' : value)}
      />
      <p class="summary">
        <strong>{at === '' ? 'Now' : `Position ${shownText}`}</strong>
        {shown?.time !== undefined && (
          <>
            , <Time at={shown.time} />
          </>
        )}
        {at !== '' && (
          <>
            {' '}
            <a href={hashOf('store', { ...address.values, at: undefined })}>Now</a>{' '}
            <a href={hashOf('compare', { from: at })}>What changed since</a>
          </>
        )}
      </p>
    </section>
  );
}

/** The position of a moment; one that is a time is known when it is shown. */
const positionIn = (at: string, shown: number): number => (/^\d+$/.test(at) ? Number(at) : shown);

/** Where in the log most events are of a type that changes the Store: a drawing beside the slider, for the eye only. */
function Shape({ first, last }: { readonly first: number; readonly last: number }) {
  const { data } = useAnswer<Density>('density', { buckets: marks });
  if (data === undefined) return null;
  const x = (from: string) => ((Number(from) - first) / Math.max(1, last - first)) * 100;
  const incident = data.buckets.filter(({ counts }) => (counts.VolumeLost ?? 0) + (counts.LogRepaired ?? 0) > 0);
  return (
    <svg class="shape" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      {data.buckets.map(({ from }) => (
        <rect key={from} x={x(from)} y={3} width={0.15} height={3} />
      ))}
      {incident.map(({ from }) => (
        <rect key={`incident ${from}`} class="incident" x={x(from)} y={0} width={0.4} height={6} />
      ))}
    </svg>
  );
}
