import { newestCheckpoint } from '../../app/audit/newest-checkpoint.ts';
import { storeFiles } from '../load-store.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';
import type { ArchivedSegment, World } from '../world.ts';

export interface ArchiveOptions extends RootOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Compresses the segments of the log that a start does not read: those before the newest checkpoint. */
export async function archive(options: ArchiveOptions, world: World, print: Print): Promise<void> {
  const root = storeRoot(options);
  const log = await world.openLog(root);
  await log.close();
  const upTo = await newestCheckpoint(storeFiles(options, world), log.end.position);
  const archived = await world.archiveLog(root, upTo, options.dryRun === true);
  if (options.json === true) print(archived.map((one) => JSON.stringify(asDigits(one))));
  else print(archiveLines(archived, upTo, options.dryRun === true));
}

const asDigits = ({ segment, ...figures }: ArchivedSegment) => ({
  segment,
  ...Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, String(figure)])),
});

function archiveLines(archived: readonly ArchivedSegment[], upTo: number, dryRun: boolean): readonly string[] {
  if (archived.length === 0) return [`nothing to archive before the checkpoint at position ${upTo}`];
  const table = createTable([
    { title: 'SEGMENT' },
    { title: 'FIRST', align: 'right' },
    { title: 'LAST', align: 'right' },
    { title: 'BYTES', align: 'right' },
    { title: 'ARCHIVED', align: 'right' },
  ]);
  const rows = archived.map(({ segment, first, last, before, after }) => [
    segment,
    ...[String(first), String(last), sizeText(before), dryRun ? '-' : sizeText(after)],
  ]);
  return [...table.lines(rows), ...(dryRun ? ['this is what would be done; nothing was changed'] : [])];
}
