import type { ParentNode } from '../../../projections/parent-graph.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { plain } from '../output/text.ts';
import type { Finding, StepReport } from './report.ts';

const todo = 'containerd can never collect such a snapshot: report this with the output of `snapledger log KEY --json`';

/** Every parent exists, is committed and is the one that the name says; the parent graph has no cycle and fits the index. */
export function checkParents(state: State): StepReport {
  const snapshots = [...state.index.values()];
  const findings = snapshots.flatMap((snapshot): readonly Finding[] => {
    const wrong = wrongWith(state, snapshot);
    return wrong === undefined ? [] : [{ what: `${snapshot.kind} ${plain(snapshot.key)}: ${plain(wrong)}`, todo }];
  });
  const children = new Map<number | null, number>();
  for (const { parentId } of snapshots) children.set(parentId, (children.get(parentId) ?? 0) + 1);
  const strange = [...state.parentGraph].flatMap(([id, node]) => strangeness(state, [id, node], children.get(id) ?? 0));
  return {
    step: 'parents',
    figures: { snapshots: snapshots.length, roots: snapshots.filter(({ parent }) => parent === '').length },
    findings: [...findings, ...strange.map((what) => ({ what, todo }))],
    notes: [],
    corrupt: false,
  };
}

function wrongWith({ index, parentGraph }: State, { id, parent, parentId }: Snapshot): string | undefined {
  if (!parentGraph.has(id)) return 'is not in the parent graph';
  if (descendsFromItself(parentGraph, id)) return 'descends from itself';
  if (parentId === null) return parent === '' ? undefined : `names the parent ${parent} without its id`;
  const found = index.get(parent);
  if (found === undefined) return `its parent ${parent} does not exist`;
  if (found.id !== parentId) return `its parent ${parent} has the id ${found.id}, not ${parentId}`;
  if (found.kind !== 'committed') return `its parent ${parent} is ${found.kind}`;
  return parentGraph.get(id)?.parentId === parentId ? undefined : 'has another parent in the parent graph';
}

/** Follows the chain of parents until it ends or comes back. */
function descendsFromItself(parentGraph: State['parentGraph'], id: number): boolean {
  const seen = new Set<number>();
  for (let at: number | null = id; at !== null; at = parentGraph.get(at)?.parentId ?? null) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}

/** In what a node of the parent graph differs from the index. */
function strangeness(
  { index }: State,
  [id, { key, children }]: [number, ParentNode],
  counted: number,
): readonly string[] {
  const about = `snapshot ${id}: in the parent graph`;
  return [
    ...(index.get(key)?.id === id ? [] : [`${about} as ${plain(key)}, but not in the index`]),
    ...(children === counted ? [] : [`${about} with ${children} children, ${counted} are in the index`]),
  ];
}
