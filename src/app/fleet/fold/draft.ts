import type { FleetSnapshot } from '../../../ports/fleet-database.ts';

/** What a fold changes in place before it becomes a row. */
export type Draft<Row> = { -readonly [K in keyof Row]: Row[K] };

/** Nothing is known of it. */
// One literal: V8 makes an object of many spread properties a dictionary, and so its copies, a hundred times as slow.
export const blankSnapshot: FleetSnapshot = {
  store: '',
  id: 0,
  key: '',
  namespace: '',
  kind: 'committed',
  parent: '',
  parentId: null,
  path: '',
  chainId: '',
  diffId: null,
  bytes: null,
  inodes: null,
  actor: '',
  prepared: null,
  committed: null,
  lastUsed: null,
  removed: null,
  ended: null,
  retained: false,
  fold: null,
};
