import { resolve } from 'node:path';
import { newestCheckpoint } from '../../app/audit/newest-checkpoint.ts';
import { positionNamed } from '../../app/audit/state-at.ts';
import { Fault } from '../../ports/fault.ts';
import type { ArchivedSegment, World } from '../cli-deps.ts';
import { storeFiles } from '../load-store.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface ArchiveOptions extends RootOptions {
  /** a directory for the archives before `before` */
  readonly moveTo?: string;
  /** a position or a time */
  readonly before?: string;
  /** the directory that archives were moved to */
  readonly bringBack?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/**
 * Compresses the segments of the log that a start does not read: those before the newest checkpoint. Or moves the oldest of them
 * to another directory, or back. Throws a Fault (`misuse`) for options that do not go together.
 */
export async function archive(options: ArchiveOptions, world: World, print: Print): Promise<void> {
  const { moveTo, before, bringBack } = options;
  if (bringBack !== undefined && (moveTo !== undefined || before !== undefined || options.dryRun === true))
    throw new Fault('misuse', 'archive: --bring-back goes with none of the other options', { hint: 'leave them out' });
  if ((moveTo === undefined) !== (before === undefined))
    throw new Fault('misuse', 'archive: --move-to and --before go together', { hint: 'name a directory and a moment' });
  if (bringBack !== undefined) return broughtBack(bringBack, options, world, print);
  if (moveTo !== undefined && before !== undefined) return moved(moveTo, before, options, world, print);
  const root = storeRoot(options);
  const log = await world.openLog(root);
  await log.close();
  const upTo = await newestCheckpoint(storeFiles(options, world), log.end.position);
  const archived = await world.archiveLog(root, upTo, options.dryRun === true);
  if (options.json === true) print(archived.map((one) => JSON.stringify(asDigits(one))));
  else print(archiveLines(archived, upTo, options.dryRun === true));
}

async function moved(to: string, moment: string, options: ArchiveOptions, world: World, print: Print): Promise<void> {
  const root = storeRoot(options);
  const log = await world.openLog(root);
  const named = await positionNamed(log, moment).finally(() => log.close());
  const before = /^\d+$/.test(moment) ? named : named + 1;
  const dryRun = options.dryRun === true;
  const report = await world.moveArchives(root, { before, to: resolve(to), dryRun });
  if (report === undefined) return print([`nothing to move: no whole segment stands before position ${before}`]);
  const { first, last, files } = report;
  if (options.json === true) return print(files.map((file) => JSON.stringify({ ...file, bytes: String(file.bytes) })));
  const bytes = sizeText(files.reduce((sum, file) => sum + file.bytes, 0));
  print([
    `positions ${first} to ${last}: ${files.length} segments, ${bytes}, to ${report.to}`,
    dryRun
      ? 'this is what would be done; nothing was changed'
      : `the log begins at position ${last + 1} now; \`snapledger archive --bring-back ${report.to}\` undoes it`,
  ]);
}

async function broughtBack(from: string, options: ArchiveOptions, world: World, print: Print): Promise<void> {
  const back = await world.bringBack(storeRoot(options), resolve(from));
  if (options.json === true) return print([JSON.stringify(back ?? null)]);
  print([
    back === undefined ? 'nothing was moved away' : `positions ${back.first} to ${back.last} are in the log again`,
  ]);
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
