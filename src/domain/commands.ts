import type * as either from 'fp-ts/lib/Either.js';
import type { EmptyLayer, Labels, OpenKind } from '../../events/codecs.ts';

/** Prepare (active) and View (view). An empty parent means none. */
export interface Prepare {
  readonly type: 'Prepare';
  readonly key: string;
  readonly parent: string;
  readonly kind: OpenKind;
  readonly labels: Labels;
  /** false: a new snapshot, even if the layer that `labels` ask for exists already */
  readonly adopt?: false;
  /** ids of layers that may have what is about to be unpacked; default: none */
  readonly sources?: readonly number[];
}

/** Makes the active `key` the committed `name`. `parent` names the expected or new parent, empty for "as it is". */
export interface Commit {
  readonly type: 'Commit';
  readonly key: string;
  readonly name: string;
  readonly parent: string;
  readonly labels: Labels;
  /** The layer holds nothing. */
  readonly empty?: EmptyLayer;
}

export interface Remove {
  readonly type: 'Remove';
  readonly key: string;
}

/** Changes labels: all of them without a mask, else those that the mask's paths (`labels`, `labels.NAME`) name. */
export interface Update {
  readonly type: 'Update';
  readonly key: string;
  readonly labels: Labels;
  readonly mask: readonly string[];
}

export type Command = Prepare | Commit | Remove | Update;

/** Why a command is refused, by the names of containerd's errors. */
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
