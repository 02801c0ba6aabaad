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
