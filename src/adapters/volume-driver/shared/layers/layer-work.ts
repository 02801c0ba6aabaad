/** Work on all files of a layer, off the main thread. */
export interface LayerWork {
  /** Gets ready: the first job then begins at once. */
  start(): void;
  /** As `mergeLayer`, keeping attributes. */
  merge(layer: string, tree: string): Promise<void>;
  /** As `copyLayer`. */
  copy(layer: string, tree: string): Promise<void>;
  /** As `cleanLayer`. */
  clean(layer: string): Promise<number>;
  /** Ends the work; unfinished jobs reject with a Fault (`stopped`). */
  close(): Promise<void>;
}
