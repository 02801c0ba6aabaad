import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { problemIn } from '../api/use-answer.ts';
import { Busy, Failed } from './states.tsx';
import { Foreign } from './text.tsx';

interface ConfirmProps<T> {
  readonly title: string;
  readonly action: string;
  readonly run: () => Promise<T>;
  /** what was done, for a person */
  readonly done: (answer: T) => string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** Asks before it changes the store, and reports what was done. */
export function Confirm<T>({ title, action, run, done, close, children }: ConfirmProps<T>) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState<'asking' | 'running' | { answer: T } | { error: unknown }>('asking');
  useEffect(() => dialog.current?.showModal(), []);
  const start = () => {
    setState('running');
    run().then(
      (answer) => setState({ answer }),
      (error: unknown) => setState({ error }),
    );
  };
  const ended = typeof state === 'object';
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="confirm-title">
      <h2 id="confirm-title">{title}</h2>
      {state === 'asking' && children}
      {state === 'running' && <Busy what={action} />}
      {ended && 'answer' in state && (
        <p role="status">
          <Foreign text={done(state.answer)} whole />
        </p>
      )}
      {ended && 'error' in state && <Failed problem={problemIn(state.error)} />}
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          {ended ? 'Close' : 'Cancel'}
        </button>
        {!ended && (
          <button type="button" class="primary" disabled={state === 'running'} onClick={start}>
            {action}
          </button>
        )}
      </div>
    </dialog>
  );
}
