import type { Command } from 'commander';
import type { CliDeps } from '../cli-deps.ts';
import { jsonOption, storeCommand } from '../options.ts';
import { type Print, print } from '../output/print.ts';
import { createTable } from '../output/table.ts';
import { plain } from '../output/text.ts';
import { type RootOptions, storeRoot } from '../store-files.ts';
import type { LossReport, RepairReport } from '../store-reports.ts';

export interface RepairOptions extends RootOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addRepair(program: Command, deps: CliDeps): void {
  storeCommand(program, 'repair', 'repair the damaged log of a stopped store; the originals are kept aside')
    .option('--dry-run', 'show what is lost and what would be done, and change nothing')
    .addOption(jsonOption('one object'))
    .action(async (options: RepairOptions) => repair(options, deps, print));
}

/** Repairs the damaged log of a stopped store, or reports what is lost and what would be done. */
export async function repair(
  { dryRun = false, json, ...options }: RepairOptions,
  deps: CliDeps,
  print: Print,
): Promise<void> {
  const report = await deps.repairLog(storeRoot(options), dryRun);
  print(json === true ? [JSON.stringify({ dryRun, ...report })] : repairLines(report, dryRun));
}

export function repairLines(report: RepairReport, dryRun: boolean): readonly string[] {
  const { losses, kept, changed, lastId, again } = report;
  const interrupted = again
    ? [`a repair was interrupted: it ${dryRun ? 'would be' : 'was'} undone and started again`]
    : [];
  if (losses.length === 0) return again && dryRun ? interrupted : [...interrupted, 'nothing to repair'];
  const cut = losses.some(({ done }) => done === 'truncated');
  return [
    ...interrupted,
    ...losses.flatMap(lossLines),
    `kept aside whole in ${kept}: ${changed.length === 0 ? 'nothing, no file changes' : changed.join(', ')}`,
    ...(cut
      ? [`the next start quarantines volumes that the log no longer explains; ids up to ${lastId} are not reused`]
      : []),
    dryRun ? 'this is what would be done; nothing was changed' : 'repaired; check it with: snapledger verify',
  ];
}

function lossLines({ text, records, unreadable, done }: LossReport): readonly string[] {
  if (done === 'rebuilt') return [plain(text)];
  const table = createTable([
    { title: '  POSITION', align: 'right' },
    { title: 'TYPE' },
    { title: 'ID', align: 'right' },
    { title: 'KEY' },
  ]);
  const rows = records.map(({ position, type, id, about }) => [
    String(position),
    type,
    id === null ? '' : String(id),
    plain(about),
  ]);
  const counted = `  ${records.length} of these events can still be read, ${unreadable} can't`;
  return [plain(text), counted, ...(rows.length === 0 ? [] : table.lines(rows))];
}
