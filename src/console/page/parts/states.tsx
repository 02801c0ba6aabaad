import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/ask.ts';
import type { Answered } from '../api/use-answer.ts';

/** What is under way, named, so that nobody waits for nothing. */
export function Busy({ what }: { readonly what: string }) {
  return (
    <p class="busy" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}…
    </p>
  );
}

interface FailedProps {
  readonly problem: Problem;
  readonly retry?: () => void;
  readonly children?: ComponentChildren;
}

/** A failure: what, and what to do. */
export function Failed({ problem, retry, children }: FailedProps) {
  return (
    <div class="failed" role="alert">
      <p>
        <strong>{problem.message}</strong>
      </p>
      {problem.hint !== '' && <p>{problem.hint}</p>}
      {children}
      {retry !== undefined && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

interface AwaitProps<T> {
  readonly of: Answered<T>;
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}

/** An answer, or why there is none yet. A newer one that is under way does not hide it. */
export function Await<T>({ of: { data, problem, reload }, what, children }: AwaitProps<T>) {
  if (problem !== undefined)
    return (
      <Failed problem={problem} retry={reload}>
        {problem.passes && <p>The page asks again by itself.</p>}
      </Failed>
    );
  return data === undefined ? <Busy what={what} /> : children(data);
}
