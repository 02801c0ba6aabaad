import type { Kind, Labels } from '../events/codecs.ts';

/** One snapshot as Stat shows it. A committed one stands under its name, actives and views under their key: one key space. */
export interface Snapshot {
  readonly id: number;
  readonly key: string;
  readonly kind: Kind;
  /** the parent's name, empty for none */
  readonly parent: string;
  readonly parentId: number | null;
  readonly labels: Labels;
  /** nanoseconds since 1970 UTC; a commit sets both anew */
  readonly created: bigint;
  readonly updated: bigint;
}
