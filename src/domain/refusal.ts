import type * as either from 'fp-ts/lib/Either.js';

/** The domain's own "no", by the names that containerd's errors have. */
export type RefusalCode = 'not-found' | 'already-exists' | 'invalid-argument' | 'failed-precondition' | 'unimplemented';

/** A refusal is an answer, not an error: `text` is lower case, subject first (`snapshot k: already exists`). */
export interface Refusal {
  readonly code: RefusalCode;
  readonly text: string;
}

export type Answer<T> = either.Either<Refusal, T>;

export const refuse = (code: RefusalCode, text: string): either.Left<Refusal> => ({
  _tag: 'Left',
  left: { code, text },
});
