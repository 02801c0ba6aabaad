import { listSnapshots } from '../../app/audit/list-snapshots.ts';
import { snapshotRow } from '../../app/audit/snapshot-row.ts';
import { wallClock } from '../../app/audit/state-at.ts';
import type { World } from '../cli-deps.ts';
import { loadStore } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import { ageOf } from '../output/time.ts';
import type { RootOptions } from '../store-root.ts';

export interface LsOptions extends RootOptions {
  readonly at?: string;
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

/** Prints the living snapshots that any of containerd's filters takes: a table, or with `json` one snapshot a line. */
export async function ls(filters: readonly string[], options: LsOptions, world: World, print: Print): Promise<void> {
  const state = await loadStore(options, world);
  const found = listSnapshots(state, filters);
  if (options.json === true) return print(found.map((snapshot) => JSON.stringify(snapshotRow(state, snapshot))));
  const table = createTable([
    { title: 'ID', align: 'right' },
    { title: 'KIND' },
    { title: 'USAGE', align: 'right' },
    { title: 'AGE', align: 'right' },
    { title: 'KEY' },
    { title: 'PARENT' },
  ]);
  const rows = found.map(({ id, kind, key, parent, created }) => {
    const usage = state.usage.get(id);
    const size = usage === undefined ? '-' : sizeText(usage.bytes);
    return [
      String(id),
      kind,
      size,
      ageOf(created, wallClock()),
      brief(key, options.whole),
      brief(parent || '-', options.whole),
    ];
  });
  print(table.lines(rows));
}
