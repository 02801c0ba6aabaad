import type { queries } from '../../app/queries/queries.ts';
import { anchorLines, blameLines, diffLines, historyLines, whyLines } from './history.ts';
import { mountLines, snapshotLines, statLines, statsLines, treeLines } from './snapshots.ts';

/** How a table is shown. */
export interface TableOptions {
  /** digests in full */
  readonly whole?: boolean;
  /** ages instead of times */
  readonly relative?: boolean;
}

/** The queries with a table: all that have a command but `log`. */
export type TableName = Exclude<keyof typeof queries, 'log' | 'retained'>;

type AnswerOf<N extends TableName> = Awaited<ReturnType<(typeof queries)[N]['run']>>;

/** The table of each query, and its options. */
export const tables: {
  readonly [N in TableName]: {
    readonly options: readonly (keyof TableOptions)[];
    readonly lines: (answer: AnswerOf<N>, options: TableOptions) => readonly string[];
  };
} = {
  history: { options: ['relative', 'whole'], lines: historyLines },
  tree: { options: ['whole'], lines: treeLines },
  stat: { options: [], lines: statLines },
  mounts: { options: [], lines: mountLines },
  snapshots: { options: ['whole'], lines: snapshotLines },
  stats: { options: [], lines: statsLines },
  diff: { options: ['whole'], lines: diffLines },
  blame: { options: ['whole'], lines: blameLines },
  anchor: { options: [], lines: anchorLines },
  why: { options: [], lines: whyLines },
};
