import type { queries } from '../../app/queries/queries.ts';
import { anchorLines, blameLines, diffLines, historyLines, whyLines } from './history.ts';
import { snapshotLines, statLines, statsLines, treeLines } from './snapshots.ts';

/** How a table is shown. */
export interface Looks {
  /** digests in full */
  readonly whole?: boolean;
  /** ages instead of times */
  readonly relative?: boolean;
}

/** The queries with a table: all that have a command but `log`. */
export type TableName = Exclude<keyof typeof queries, 'log' | 'retained'>;

type AnswerOf<N extends TableName> = Awaited<ReturnType<(typeof queries)[N]['run']>>;

/** The table of each query, and which options it has. */
export const tables: {
  readonly [N in TableName]: {
    readonly looks: readonly (keyof Looks)[];
    readonly lines: (answer: AnswerOf<N>, looks: Looks) => readonly string[];
  };
} = {
  history: { looks: ['relative', 'whole'], lines: historyLines },
  tree: { looks: ['whole'], lines: treeLines },
  stat: { looks: [], lines: statLines },
  snapshots: { looks: ['whole'], lines: snapshotLines },
  stats: { looks: [], lines: statsLines },
  diff: { looks: ['whole'], lines: diffLines },
  blame: { looks: ['whole'], lines: blameLines },
  anchor: { looks: [], lines: anchorLines },
  why: { looks: [], lines: whyLines },
};
