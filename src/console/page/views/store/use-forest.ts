import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../../api/ask.ts';
import type { Forest } from '../../api/rows.ts';
import { type Answered, problemIn } from '../../api/use-answer.ts';
import { useNewestPosition } from '../../context.ts';
import { type Nodes, nodesAfter } from '../../model/forest.ts';

export interface Moment {
  readonly position: number;
  /** milliseconds since 1970 of its event; undefined for none */
  readonly time: bigint | undefined;
  readonly nodes: Nodes;
}

type State = Omit<Answered<Moment>, 'reload'>;

/** The forest at a moment, empty for now. From one moment to the next only the difference is asked for. */
export function useForest(at: string): Answered<Moment> {
  const newest = useNewestPosition();
  const [state, setState] = useState<State>({ data: undefined, problem: undefined, loading: true });
  const [round, setRound] = useState(0);
  const shown = useRef<Moment | undefined>(undefined);
  const wanted = at === '' ? String(newest) : at;
  useEffect(() => {
    const cancel = new AbortController();
    const { signal } = cancel;
    const since = shown.current?.position;
    ask<Forest>('forest', { at: wanted === '0' ? undefined : wanted, since }, signal).then(
      (answer) => {
        // The next question is about what is shown now.
        if (signal.aborted) return;
        const nodes = nodesAfter(answer, shown.current?.nodes ?? new Map());
        const time = answer.time === null ? undefined : BigInt(answer.time);
        shown.current = { position: Number(answer.position), time, nodes };
        setState({ data: shown.current, problem: undefined, loading: false });
      },
      (error: unknown) => {
        if (signal.aborted) return;
        shown.current = undefined;
        setState({ data: undefined, problem: problemIn(error), loading: false });
      },
    );
    return () => cancel.abort();
  }, [wanted, round]);
  return { ...state, reload: useCallback(() => setRound((one) => one + 1), []) };
}
