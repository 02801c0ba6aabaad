import { useEffect, useRef, useState } from 'preact/hooks';
import type { Density } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { replaceAddress, useNewestPosition, usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { countText } from '../../model/units.ts';
import { Time } from '../../parts/text.tsx';
import type { Moment } from './use-forest.ts';

const marks = 120;
/** least milliseconds between two questions while the slider moves */
const pace = 60;

/** Moves the view through the log, from its first event that is left to now. */
export function Slider({ at, shown }: { readonly at: string; readonly shown: Moment | undefined }) {
  const { address, session } = usePage();
  const newest = useNewestPosition();
  const [first, last] = [Number(session.first), Math.max(newest, Number(session.first))];
  const [moved, setMoved] = useState<number>();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const asked = useRef(0);
  const show = (position: number) => {
    asked.current = performance.now();
    const values = { ...address.values, at: position >= last ? undefined : String(position) };
    replaceAddress(hashOf('store', values));
  };
  const move = (position: number) => {
    setMoved(position);
    clearTimeout(timer.current);
    const wait = asked.current + pace - performance.now();
    if (wait <= 0) show(position);
    else timer.current = setTimeout(() => show(position), wait);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const position = moved ?? (at === '' ? last : (shown?.position ?? last));
  const value = at === '' && moved === undefined ? 'now' : `position ${countText(position)}`;
  return (
    <section class="slider" aria-label="Time slider" data-shown={shown?.position}>
      <Shape />
      <input
        type="range"
        data-key="t"
        aria-label="Moment"
        aria-keyshortcuts="t"
        aria-valuetext={value}
        min={first}
        max={last}
        value={position}
        onInput={({ currentTarget }) => move(Number(currentTarget.value))}
        onChange={() => setMoved(undefined)}
      />
      <p class="summary">
        <strong>{at === '' ? 'Now' : `Position ${countText(position)}`}</strong>
        {shown?.time !== undefined && (
          <>
            , <Time at={Number(shown.time / 1_000_000n)} />
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

/** Where in the log most events are of a type that changes the Store: a drawing beside the slider, for the eye only. */
function Shape() {
  const { data } = useAnswer<Density>('density', { buckets: marks });
  if (data === undefined) return null;
  const span = Math.max(1, Number(data.last) - Number(data.first) + 1);
  const incident = data.buckets.filter(({ counts }) => (counts.VolumeLost ?? 0) + (counts.LogRepaired ?? 0) > 0);
  return (
    <svg class="shape" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      {data.buckets.map(({ from }) => (
        <rect key={from} x={((Number(from) - Number(data.first)) / span) * 100} y={3} width={0.15} height={3} />
      ))}
      {incident.map(({ from }) => (
        <rect
          key={`incident ${from}`}
          class="incident"
          x={((Number(from) - Number(data.first)) / span) * 100}
          y={0}
          width={0.4}
          height={6}
        />
      ))}
    </svg>
  );
}
