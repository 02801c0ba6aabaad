import { ancestors } from '../../../projections/lineage.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { pathOf, snapshotWith } from '../../app/volume-of.ts';
import { Fault } from '../../ports/fault.ts';
import { loadStore } from '../load-store.ts';
import { fieldLines } from '../output/fields.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { dateOf } from '../output/time.ts';
import { snapshotRow } from '../snapshot-row.ts';
import type { RootOptions } from '../store-root.ts';
import type { World } from '../world.ts';

export interface StatOptions extends RootOptions {
  readonly json?: boolean;
}

/** Prints all that the log says of one living snapshot. */
export async function stat(key: string, options: StatOptions, world: World, print: Print): Promise<void> {
  const state = await loadStore(options, world);
  const snapshot = state.index.get(key) ?? abbreviated(state, key);
  if (snapshot === undefined) throw missing(state, key);
  print(options.json === true ? [JSON.stringify(jsonStat(state, snapshot))] : textStat(state, snapshot));
}

/** The one snapshot whose key begins with what `tree` shows of it: a digest may be cut short. */
function abbreviated({ index }: State, key: string): Snapshot | undefined {
  const begin = key.replace(/…$/, '');
  const [only, ...others] = [...index.values()].filter((snapshot) => snapshot.key.startsWith(begin));
  return others.length === 0 && begin !== '' ? only : undefined;
}

function missing({ index }: State, key: string): Fault {
  const close = [...index.values()].map((snapshot) => snapshot.key).filter((other) => other.includes(key));
  const hint =
    close.length === 0
      ? `\`snapledger log ${plain(key)}\` tells whether there ever was one, \`snapledger tree\` lists the living`
      : `keys that contain it: ${close.slice(0, 5).map(plain).join(', ')}`;
  return new Fault('io', `snapshot ${plain(key)}: not found`, { hint });
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

const jsonStat = (state: State, snapshot: Snapshot) => ({
  ...snapshotRow(state, snapshot),
  ...kinOf(state, snapshot),
  path: pathOf(snapshot.id),
});

/** Names of the chain of parents, nearest first, and keys of the children by id. */
function kinOf(state: State, { id, parentId }: Snapshot) {
  const names = (ids: readonly number[]) => ids.flatMap((one) => snapshotWith(state, one)?.key ?? []);
  const children = [...(state.lineage.get(id)?.children ?? [])].map(([child]) => child).sort((a, b) => a - b);
  return { parents: names(ancestors(state.lineage, parentId)), children: names(children) };
}
