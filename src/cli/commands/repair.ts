import type { LossReport, RepairReport, World } from '../cli-deps.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { createTable } from '../output/table.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface RepairOptions extends RootOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Makes the damaged log of a stopped store whole again, or says what is lost and what would be done. */
export async function repair(options: RepairOptions, world: World, print: Print): Promise<void> {
  const dryRun = options.dryRun === true;
  const report = await world.repairLog(storeRoot(options), dryRun);
  print(options.json === true ? [JSON.stringify({ dryRun, ...report })] : repairLines(report, dryRun));
}

export function repairLines(report: RepairReport, dryRun: boolean): readonly string[] {
  const { losses, kept, changed, lastId, again } = report;
  const interrupted = again
    ? [`a repair was interrupted: it ${dryRun ? 'would be' : 'was'} taken back first, and done again`]
    : [];
  if (losses.length === 0) return again && dryRun ? interrupted : [...interrupted, 'nothing to repair'];
  const truncated = losses.some(({ done }) => done === 'truncated');
  return [
    ...interrupted,
    ...losses.flatMap(lossLines),
    `kept aside whole in ${kept}: ${changed.length === 0 ? 'nothing, no file changes' : changed.join(', ')}`,
    ...(truncated
      ? [
          `the next start puts volumes that the log no longer explains into quarantine; ids up to ${lastId} are not used again`,
        ]
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
