import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { plain } from '../output/plain.ts';
import type { Finding, StepReport } from './step-report.ts';

const todo = 'containerd can never collect such a snapshot: report this with the output of `snapledger log KEY --json`';

/** Every parent lives, is committed and is the one that the name says; the parent graph and the index tell the same. */
export function checkParents(state: State): StepReport {
  const snapshots = [...state.index.values()];
  const findings = snapshots.flatMap((snapshot): readonly Finding[] => {
    const wrong = wrongWith(state, snapshot);
    return wrong === undefined ? [] : [{ what: `${snapshot.kind} ${plain(snapshot.key)}: ${plain(wrong)}`, todo }];
  });
  const strangers = [...state.lineage].filter(([id, { key }]) => state.index.get(key)?.id !== id);
  return {
    step: 'parents',
    figures: { snapshots: snapshots.length, roots: snapshots.filter(({ parent }) => parent === '').length },
    findings: [
      ...findings,
      ...strangers.map(([id, { key }]) => ({
        what: `snapshot ${id}: in the parent graph as ${plain(key)}, but not in the index`,
        todo,
      })),
    ],
    notes: [],
    corrupt: false,
  };
}

function wrongWith({ index, lineage }: State, { id, parent, parentId }: Snapshot): string | undefined {
  if (!lineage.has(id)) return 'is not in the parent graph';
  if (parentId === null) return parent === '' ? undefined : `names the parent ${parent} without its number`;
  const found = index.get(parent);
  if (found === undefined) return `its parent ${parent} does not live`;
  if (found.id !== parentId) return `its parent ${parent} has the number ${found.id}, not ${parentId}`;
  if (found.kind !== 'committed') return `its parent ${parent} is ${found.kind}`;
  return lineage.get(parentId)?.children.has(id) === true ? undefined : `its parent ${parent} does not know it`;
}
