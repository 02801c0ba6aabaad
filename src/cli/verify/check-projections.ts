import type { Checkpoint, CheckpointStore } from '../../ports/checkpoint-store.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { type Replay, replay } from './replay.ts';
import type { Finding, StepReport } from './step-report.ts';

/** What the whole log gives, and how the checkpoints compare with it. */
export interface Replayed extends Pick<Replay, 'state' | 'repairs' | 'quarantined'> {
  readonly report: StepReport;
}

/**
 * Folds the log from its first event and, at each checkpoint's position, compares every row. `reopen` gives the log as it
 * is some time later: a daemon may have written a checkpoint after the log was opened here.
 */
export async function checkProjections(
  log: ReadableLog,
  checkpoints: CheckpointStore,
  reopen: () => Promise<ReadableLog>,
): Promise<Replayed> {
  const { found, damaged } = await loaded(checkpoints);
  const { state, repairs, quarantined, differing, unbridged } = await replay(log, found);
  const foreign: Finding[] = [];
  for (const { at } of found) {
    const reached = at.position <= log.end.position ? log : await reopen();
    const wrong = await placed(reached, at).finally(() => (reached === log ? undefined : reached.close()));
    if (wrong !== undefined) foreign.push(wrong);
  }
  const report: StepReport = {
    step: 'projections',
    figures: { events: state.position, checkpoints: found.length, snapshots: state.index.size },
    findings: [...damaged, ...foreign, ...unbridged, ...differing],
    notes: [],
    corrupt: foreign.length + unbridged.length > 0,
  };
  return { state, repairs, quarantined, report };
}

async function placed(log: ReadableLog, { position, chainHash }: Checkpoint['at']): Promise<Finding | undefined> {
  if (position > log.end.position)
    return {
      what: `the log ends at position ${log.end.position}, but a checkpoint shows that it once held position ${position}`,
      todo: 'bring back the newer log; or look at `snapledger repair --dry-run`; to go on with this older log alone, delete the checkpoints directory',
    };
  if ((await log.chainHashAt(position)) === chainHash) return undefined;
  return {
    what: `the checkpoint at position ${position} was made of another history than this log's`,
    todo: 'bring back the log that belongs to this root; if this one is right, delete the checkpoints directory',
  };
}

async function loaded(checkpoints: CheckpointStore) {
  const damaged: Finding[] = [];
  const found: Checkpoint[] = [];
  const tell = (file: string, why: string) => damaged.push({ what: `${file}: ${why}`, todo: todoOf(file) });
  for await (const checkpoint of checkpoints.load(tell)) found.push(checkpoint);
  return { found, damaged };
}

const todoOf = (file: string) =>
  file.endsWith('.base')
    ? 'bring it back from the directory of that repair: it stands for positions that the log lacks'
    : 'delete the file: it only costs a longer replay at the next start';
