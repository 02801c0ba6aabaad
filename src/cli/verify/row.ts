/** What one snapshot of the log, or one directory of the disk, is, and why. */
export interface Row {
  readonly row: 'snapshot' | 'directory';
  /** a key or name, or a path relative to the root */
  readonly about: string;
  readonly id: number | null;
  /** a directory is what its snapshot is; `quarantined` is what was moved aside, `unknown` what nothing explains */
  readonly is: 'active' | 'view' | 'committed' | 'retained' | 'pending purge' | 'quarantined' | 'unknown';
  readonly why: string;
  /** one of the findings is about it */
  readonly odd: boolean;
}
