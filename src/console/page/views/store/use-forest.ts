import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import { createLatest } from '../../api/latest.ts';
import type { Forest } from '../../api/rows.ts';
import { type Answered, problemIn, useRetry } from '../../api/use-answer.ts';
import { useNewestPosition } from '../../context.ts';
import { createForest, type Tree } from '../../model/forest.ts';
import { millisecondsOf } from '../../model/units.ts';

export interface Moment {
  readonly position: number;
  /** milliseconds since 1970 of its event; undefined for none */
  readonly time: number | undefined;
  readonly trees: readonly Tree[];
}

type State = Omit<Answered<Moment>, 'reload'>;

const nothing: State = { data: undefined, problem: undefined };

/**
 * The forest at a moment, empty for now. From one moment to the next only the difference is asked for, one question at a time:
 * while the moment moves, each answer is shown, and the next question is about the newest moment.
 */
export function useForest(at: string): Answered<Moment> {
  const newest = useNewestPosition();
  const [state, setState] = useState(nothing);
  const [round, setRound] = useState(0);
  const follow = useRef<ReturnType<typeof createFollower>>(undefined);
  const wanted = at === '' ? String(newest) : at;
  useLayoutEffect(() => {
    const follower = createFollower(setState);
    follow.current = follower;
    return follower.end;
  }, []);
  // Before the next picture: an effect after it would delay the question by a frame or two.
  useLayoutEffect(() => follow.current?.show(wanted), [wanted, round]);
  const again = useCallback(() => setRound((one) => one + 1), []);
  useRetry(state.problem, again);
  const reload = useCallback(() => {
    setState((now) => (now.problem === undefined ? now : nothing));
    again();
  }, []);
  return { ...state, reload };
}

/** Shows moments of one forest, one after the other. A failure starts it anew. */
function createFollower(set: (state: State) => void) {
  const cancel = new AbortController();
  const { signal } = cancel;
  let forest = createForest();
  let since: number | undefined;
  const show = createLatest(async (wanted: string) => {
    try {
      const answer = await ask<Forest>('forest', { at: wanted === '0' ? undefined : wanted, since }, signal);
      if (signal.aborted) return;
      since = Number(answer.position);
      const time = answer.time === null ? undefined : millisecondsOf(answer.time);
      set({ data: { position: since, time, trees: forest.apply(answer) }, problem: undefined });
    } catch (error) {
      if (signal.aborted) return;
      forest = createForest();
      since = undefined;
      set({ data: undefined, problem: problemIn(error) });
    }
  });
  return { show, end: () => cancel.abort() };
}
