import { type StoreStats, statsOfStore, statsRow } from '../../app/audit/store-stats.ts';
import type { World } from '../cli-deps.ts';
import { historyFiles } from '../load-store.ts';
import { countLines } from '../output/count-table.ts';
import { fieldLines } from '../output/fields.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { durationOf } from '../output/time.ts';
import type { RootOptions } from '../store-root.ts';

export interface StatsOptions extends RootOptions {
  readonly at?: string;
  readonly json?: boolean;
}

/** Prints counts and bytes by namespace, kind and age, and the figures of the log. */
export async function stats({ at, json, ...options }: StatsOptions, world: World, print: Print): Promise<void> {
  const found = await statsOfStore(historyFiles(options, world), at);
  print(json === true ? [JSON.stringify(statsRow(found))] : textStats(found));
}

function textStats({
  position,
  total,
  namespaces,
  kinds,
  ages,
  pendingPurge,
  retained,
  log,
  behindCheckpoint,
  quiet,
}: StoreStats) {
  const tables = countLines([
    ['all', new Map([['', total]])],
    ['namespace', namespaces],
    ['kind', kinds],
    ['age', ages],
  ]);
  return [
    ...tables,
    '',
    ...fieldLines([
      ['position', String(position)],
      ['log', `${sizeText(log.bytes)} in ${log.segments} segments, ${log.archived} of them archived`],
      ['lag', `${behindCheckpoint} events after the newest checkpoint`],
      ['last event', quiet === null ? 'none' : `${durationOf(quiet)} ago`],
      ['retained', `${retained.count} removed layers, ${sizeText(retained.bytes)}`],
      ['to purge', `${pendingPurge} removed volumes`],
    ]),
  ];
}
