import type { Found, Volume } from '../../ports/volume-driver.ts';

/**
 * What the reconciler does, by name, each with its reason:
 * `purge` a removed snapshot's volume; `recreate` an active's volume where nothing can have been written into it;
 * `complete` an active of which a part is missing; `declare-lost` a snapshot whose content vanished; `end-retention` one
 * that was removed and can't be brought back, for the same reason; `undo-commit` a
 * seal whose commit is not in the log; `finish-commit` an active's rest whose commit is; `quarantine` what the log does
 * not explain; `discard` what it does not explain and nobody can have written into.
 */
export type Action =
  | { readonly type: 'purge'; readonly id: number; readonly why: string }
  | { readonly type: 'recreate' | 'complete'; readonly id: number; readonly volume: Volume; readonly why: string }
  | { readonly type: 'declare-lost' | 'end-retention'; readonly id: number; readonly key: string; readonly why: string }
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

/** An action of the reconciler as far as it is told to people and machines. */
export interface Described {
  readonly type: string;
  readonly why: string;
  readonly id?: number | null | undefined;
  readonly path?: string | undefined;
  readonly key?: string | undefined;
}

/** Plain JSON, without what only the driver needs. */
export function actionRow({ type, id, path, key, why }: Described): Described {
  return {
    type,
    ...(id === undefined || id === null ? {} : { id }),
    ...(path === undefined ? {} : { path }),
    ...(key === undefined ? {} : { key }),
    why,
  };
}
