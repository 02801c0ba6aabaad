import type { Found, Volume } from '../../ports/volume-driver.ts';

/**
 * What the reconciler does, each with its reason:
 * - `purge` the volume of a removed snapshot
 * - `recreate` the volume of an active that nothing can have been written into, or an empty layer
 * - `complete` an active of which a part is missing
 * - `declare-lost` a snapshot whose content vanished
 * - `undo-prepare` of a staged active whose copy is not in place: it must not be committed as an empty layer
 * - `end-retention` of one that was removed and can't be restored, for the same reason
 * - `undo-commit` a frozen layer whose commit is not in the log
 * - `finish-commit` the rest of an active whose commit is in the log
 * - `quarantine` what the log does not explain
 * - `discard` what it does not explain and no client can have written into
 */
export type Action =
  | { readonly type: 'purge'; readonly id: number; readonly why: string }
  | { readonly type: 'recreate' | 'complete'; readonly id: number; readonly volume: Volume; readonly why: string }
  | {
      readonly type: 'declare-lost' | 'undo-prepare' | 'end-retention';
      readonly id: number;
      readonly key: string;
      readonly why: string;
    }
  | {
      readonly type: 'undo-commit' | 'finish-commit';
      readonly id: number;
      readonly key: string;
      readonly volume: Volume;
      readonly why: string;
    }
  | {
      readonly type: 'quarantine' | 'discard';
      readonly id: number | null;
      readonly path: string;
      readonly found: Found;
      readonly why: string;
    };

export type ActionType = Action['type'];

/** An action of the reconciler as it is shown and sent. */
export interface Described {
  readonly type: string;
  readonly why: string;
  readonly id?: number | null | undefined;
  readonly path?: string | undefined;
  readonly key?: string | undefined;
}

/** Plain JSON, without what only the driver needs. */
export const actionRow = ({ type, id, path, key, why }: Described): Described => ({
  type,
  ...(typeof id === 'number' && { id }),
  ...(path !== undefined && { path }),
  ...(key !== undefined && { key }),
  why,
});
