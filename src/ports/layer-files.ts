/** What a snapshot's own layer says about a path. */
export type LayerEntry =
  /** nothing: what is below it shows through, or nothing is there */
  | { readonly is: 'absent' }
  /**
   * `stamp` is another one whenever the file was changed; `type` as `ls` names it; of a file that is `metadata` only, the data
   * is that of a layer below
   */
  | {
      readonly is: 'present';
      readonly type: string;
      readonly bytes: number;
      readonly stamp: string;
      readonly metadata: boolean;
    }
  /** the path, or a directory above it, is taken away from what is below: `by` is `whiteout` or `opaque directory` */
  | { readonly is: 'whiteout'; readonly by: string; readonly at: string }
  /** a directory of the path is something else there: nothing is followed */
  | { readonly is: 'blocked'; readonly at: string; readonly type: string; readonly target: string | null };

/** A look at a path in one layer. */
export interface LayerLook {
  readonly entry: LayerEntry;
  /** steps of the path that come after the last directory of it that the layer has */
  readonly left: number;
  /** the path in the layers below: another one where a directory was renamed (overlay's redirects) */
  readonly below: readonly string[];
}

/** Looks into the layers of a store. Nothing is followed out of them, nothing is changed. All reject with a Fault. */
export interface LayerFiles {
  /** Every layer holds all that its parents hold too (btrfs), or only what is new in it (overlay). */
  readonly whole: boolean;
  look(layer: LayerOf, path: readonly string[]): Promise<LayerLook>;
}

export interface LayerOf {
  readonly id: number;
  readonly committed: boolean;
}
