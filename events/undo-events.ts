import * as t from 'io-ts';
import { Decimal } from './codecs.ts';

const undone = {
  id: Decimal,
  key: t.string,
  /** the step that failed, by its name in the driver */
  step: t.string,
  error: t.string,
  /** what the failure left on disk */
  left: t.string,
  /** what was done about it */
  done: t.string,
};

/** The disk refused a prepare, or recovery found it half done: the key is free again, the id is not used again. */
export const PrepareUndoneV1 = t.type(undone, 'PrepareUndone.v1');
export type PrepareUndone = t.TypeOf<typeof PrepareUndoneV1>;

/** A commit did not come about: the active `key` is as it was, `name` is free. */
export const CommitUndoneV1 = t.type({ ...undone, name: t.string }, 'CommitUndone.v1');
export type CommitUndone = t.TypeOf<typeof CommitUndoneV1>;
