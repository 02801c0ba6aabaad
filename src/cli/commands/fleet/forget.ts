import type { Command } from 'commander';
import { wallClock } from '../../../app/audit/moment.ts';
import { forgetStore } from '../../../app/fleet/forget-store.ts';
import { loadFleetSettings, required } from '../../../config/fleet-settings.ts';
import type { Forgotten, StoreRows } from '../../../ports/fleet-removal.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { configOption, jsonOption } from '../../options.ts';
import { type Print, print } from '../../output/print.ts';
import { counted, plain } from '../../output/text.ts';
import { timeText } from '../../tables/fleet-text.ts';
import { databaseOption } from './questions.ts';

interface ForgetOptions {
  readonly config?: string;
  readonly database?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function addFleetForget(fleet: Command, deps: Pick<CliDeps, 'openFleetRemoval'>): void {
  fleet
    .command('forget')
    .description('remove a retired node from the index; an event that it sends later brings it back')
    .argument('<store>', "the store's id, the beginning of it, or its node's name")
    .addOption(databaseOption())
    .addOption(configOption())
    .option('--dry-run', 'show what would be removed, and change nothing')
    .option('--force', 'also a store that is in use: open, with an event in the last 24 hours')
    .addOption(jsonOption('one object'))
    .action((named: string, options: ForgetOptions) => forget(named, options, deps, print));
}

/** Removes a store from the index, or reports what would be removed. */
export async function forget(
  named: string,
  { config, database, dryRun = false, force = false, json }: ForgetOptions,
  deps: Pick<CliDeps, 'openFleetRemoval'>,
  print: Print,
): Promise<void> {
  const settings = loadFleetSettings({ file: config, flags: { database } });
  const removal = await deps.openFleetRemoval(required(settings, 'database'));
  const request = { named, force, dryRun, now: wallClock() };
  const forgotten = await forgetStore(removal, request).finally(removal.close);
  print(json === true ? [JSON.stringify(rowOf(forgotten, dryRun))] : linesOf(forgotten, dryRun));
}

const rowOf = ({ store: { node, store, lastRecorded }, rows }: Forgotten, dryRun: boolean) => ({
  ...{ dryRun, node, store, lastSeen: lastRecorded === null ? null : String(lastRecorded) },
  ...rows,
});

const linesOf = ({ store: { node, store, lastRecorded }, rows }: Forgotten, dryRun: boolean) => [
  `store ${plain(store)} of node ${plain(node) || '-'}, last seen ${timeText(lastRecorded, {})}`,
  `${dryRun ? 'would be removed' : 'removed'}: ${countsOf(rows)}`,
  dryRun
    ? 'this is what would be done; nothing was changed'
    : 'the cluster still has its events: the next one of this store, or a rebuild, brings it back from its beginning',
];

const countsOf = ({ snapshots, incidents, usage, images, kept }: StoreRows) =>
  [
    ...[counted(snapshots, 'snapshot'), counted(incidents, 'incident'), `${counted(usage, 'row')} of usage`],
    ...[counted(images, 'image'), counted(kept, 'unknown event')],
  ].join(', ');
