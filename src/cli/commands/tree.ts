import type { State } from '../../../projections/state.ts';
import { family, familyRows } from '../../app/audit/family.ts';
import { wallClock } from '../../app/audit/state-at.ts';
import type { World } from '../cli-deps.ts';
import { loadStore } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import { ageOf } from '../output/time.ts';
import type { RootOptions } from '../store-root.ts';

export interface TreeOptions extends RootOptions {
  /** a position or a time; now unless said */
  readonly at?: string;
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

/** Prints the living snapshots, children below their parents; with `json` one snapshot a line, with its depth. */
export async function tree(options: TreeOptions, world: World, print: Print): Promise<void> {
  const state = await loadStore(options, world);
  if (options.json === true) print(familyRows(state).map((row) => JSON.stringify(row)));
  else print(textTree(state, wallClock(), options.whole));
}

/** The tree as aligned lines. `now` in nanoseconds since 1970. */
export function textTree(state: State, now: bigint, whole = false): readonly string[] {
  const table = createTable([
    { title: 'ID', align: 'right' },
    { title: 'KIND' },
    { title: 'USAGE', align: 'right' },
    { title: 'AGE', align: 'right' },
    { title: 'KEY' },
  ]);
  const rows = [...family(state)].map(({ node: { id, kind, key, created }, strokes }) => {
    const usage = state.usage.get(id);
    return [
      String(id),
      kind,
      usage === undefined ? '-' : sizeText(usage.bytes),
      ageOf(created, now),
      `${strokes}${brief(key, whole)}`,
    ];
  });
  return table.lines(rows);
}
