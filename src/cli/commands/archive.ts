import { resolve } from 'node:path';
import type { Command } from 'commander';
import { positionNamed } from '../../app/audit/moment.ts';
import { newestCheckpoint, withLog } from '../../app/audit/state-at.ts';
import { Fault } from '../../ports/fault.ts';
import type { CliDeps } from '../cli-deps.ts';
import { jsonOption, storeCommand } from '../options.ts';
import { type Print, print } from '../output/print.ts';
import { createTable } from '../output/table.ts';
import { sizeText } from '../output/text.ts';
import { type RootOptions, storeRoot } from '../store-files.ts';
import type { ArchivedSegment } from '../store-reports.ts';

interface ArchiveOptions extends RootOptions {
  /** a directory for the archives before `before` */
  readonly moveTo?: string;
  /** a position or a time */
  readonly before?: string;
  /** the directory that archives were moved to */
  readonly bringBack?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addArchive(program: Command, deps: CliDeps): void {
  storeCommand(program, 'archive', 'compress log segments before the newest checkpoint; queries still read them')
    .option('--dry-run', 'show which, and change nothing')
    .option('--move-to <dir>', 'move the archives before --before there; no daemon may be running')
    .option('--before <moment>', 'with --move-to: a position or a time')
    .option('--bring-back <dir>', 'bring back what was moved there; no daemon may be running')
    .addOption(jsonOption('one segment a line'))
    .action(async (options: ArchiveOptions) => archive(options, deps, print));
}

/**
 * Compresses the log segments before the newest checkpoint, which a start does not read. Or moves the oldest of them to another
 * directory, or back. Throws a Fault (`misuse`) for options that can't be combined.
 */
async function archive(options: ArchiveOptions, deps: CliDeps, print: Print): Promise<void> {
  const { moveTo, before, bringBack } = options;
  if (bringBack !== undefined && (moveTo !== undefined || before !== undefined || options.dryRun === true))
    throw new Fault('misuse', "archive: --bring-back can't be combined with other options", { hint: 'leave them out' });
  if ((moveTo === undefined) !== (before === undefined))
    throw new Fault('misuse', 'archive: --move-to needs --before, and --before needs --move-to', {
      hint: 'give a directory and a moment',
    });
  if (bringBack !== undefined) return broughtBack(bringBack, options, deps, print);
  if (moveTo !== undefined && before !== undefined) return moved(moveTo, before, options, deps, print);
  const root = storeRoot(options);
  const files = deps.storeFiles(root);
  const end = await withLog(files, async (log) => log.end.position);
  const upTo = await newestCheckpoint(files, end);
  const archived = await deps.archiveLog(root, upTo, options.dryRun === true);
  if (options.json === true) print(archived.map((one) => JSON.stringify(asDigits(one))));
  else print(archiveLines(archived, upTo, options.dryRun === true));
}

async function moved(to: string, moment: string, options: ArchiveOptions, deps: CliDeps, print: Print): Promise<void> {
  const root = storeRoot(options);
  const named = await withLog(deps.storeFiles(root), (log) => positionNamed(log, moment));
  const before = /^\d+$/.test(moment) ? named : named + 1;
  const dryRun = options.dryRun === true;
  const report = await deps.moveArchives(root, { before, to: resolve(to), dryRun });
  if (report === undefined) return print([`nothing to move: no complete segment is before position ${before}`]);
  const { first, last, files } = report;
  if (options.json === true) return print(files.map((file) => JSON.stringify({ ...file, bytes: String(file.bytes) })));
  const bytes = sizeText(files.reduce((sum, file) => sum + file.bytes, 0));
  print([
    `positions ${first} to ${last}: ${files.length} segments, ${bytes}, to ${report.to}`,
    dryRun
      ? 'this is what would be done; nothing was changed'
      : `the log now begins at position ${last + 1}; \`snapledger archive --bring-back ${report.to}\` undoes it`,
  ]);
}

async function broughtBack(from: string, options: ArchiveOptions, deps: CliDeps, print: Print): Promise<void> {
  const back = await deps.bringBack(storeRoot(options), resolve(from));
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
