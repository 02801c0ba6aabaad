import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { findSnapshot, kinOf, statRow } from '../../app/audit/find-snapshot.ts';
import { pathOf } from '../../app/store/volume-of.ts';
import type { World } from '../cli-deps.ts';
import { loadStore } from '../load-store.ts';
import { fieldLines } from '../output/fields.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { dateOf } from '../output/time.ts';
import type { RootOptions } from '../store-root.ts';

export interface StatOptions extends RootOptions {
  /** a position or a time; now unless said */
  readonly at?: string;
  readonly json?: boolean;
}

/** Prints all that the log says of one living snapshot. */
export async function stat(key: string, options: StatOptions, world: World, print: Print): Promise<void> {
  const state = await loadStore(options, world);
  const snapshot = findSnapshot(state, key);
  print(options.json === true ? [JSON.stringify(statRow(state, snapshot))] : textStat(state, snapshot));
}

function textStat(state: State, snapshot: Snapshot): readonly string[] {
  const { id, key, kind, labels, created, updated } = snapshot;
  const usage = state.usage.get(id);
  const { parents, children } = kinOf(state, snapshot);
  const labelled = Object.entries(labels).map(([name, value]) => plain(`${name}=${value}`));
  return fieldLines([
    ['key', plain(key)],
    ['kind', kind],
    ['id', String(id)],
    ['path', pathOf(id)],
    ['parents', parents.length === 0 ? '-' : parents.map(plain)],
    ['children', children.length === 0 ? '-' : children.map(plain)],
    ['created', dateOf(created)],
    ['updated', dateOf(updated)],
    [
      'usage',
      usage === undefined ? 'not measured' : `${sizeText(usage.bytes)} (${usage.bytes} bytes), ${usage.inodes} inodes`,
    ],
    ['prepared', `position ${state.volumes.wanted.get(id)?.prepared ?? 'unknown'}`],
    ['labels', labelled.length === 0 ? '-' : labelled],
  ]);
}
