import type { State } from '../../../projections/state.ts';
import type { Action, ActionType } from '../../app/reconcile/action.ts';
import { type FoundVolume, plan } from '../../app/reconcile/plan.ts';
import { crashOf, wantedOf } from '../../app/reconcile/wanted.ts';
import { isErrno } from '../../ports/errno.ts';
import { Fault } from '../../ports/fault.ts';
import type { Found } from '../../ports/volume-driver.ts';
import type { VolumeScan } from '../cli-deps.ts';
import { plain } from '../output/text.ts';
import type { Finding, StepReport } from './report.ts';

const todos: Readonly<Record<ActionType, string>> = {
  purge: 'nothing: the daemon purges it in the background',
  recreate: '`snapledger reconcile` creates it again, empty: it was prepared, but the client got no answer',
  complete: '`snapledger reconcile` creates the missing part again',
  'declare-lost':
    'restore the directory from a backup before the next start; otherwise `snapledger reconcile` records the loss, and the image must be pulled again',
  'undo-prepare':
    '`snapledger reconcile` undoes the prepare and purges the rest: the copy of a layer that it was to hold is not in place',
  'end-retention':
    'restore the directory from a backup before the next start to be able to restore the layer; otherwise `snapledger reconcile` ends its retention',
  'undo-commit': '`snapledger reconcile` unfreezes it; the active stays as it was',
  'finish-commit': '`snapledger reconcile` drops what only the active needed',
  quarantine: '`snapledger reconcile` moves it to quarantine/ below the root; inspect it there, and delete it by hand',
  discard: '`snapledger reconcile` deletes it: it has never been written to',
};

/** The disk and its findings. */
interface CheckedDisk {
  readonly reports: readonly StepReport[];
  readonly found: readonly Found[];
  /** what the reconciler would do, as far as two comparisons agree */
  readonly confirmed: readonly Action[];
}

/**
 * Compares the disk with the log by the reconciler's plan. A daemon may be running: only what two comparisons agree on is a
 * finding. `later` returns the state some time after the first one.
 */
export async function checkDisk(state: State, volumes: VolumeScan, later: () => Promise<State>): Promise<CheckedDisk> {
  const disk = tolerantScan(volumes);
  const first = await compare(state, disk.scan);
  const confirmed = first.actions.some(isFinding) ? await agreed(first.actions, await later(), disk.scan) : [];
  const { size: pendingPurge } = state.volumes.pendingPurge;
  const { size: retained } = state.volumes.retained;
  const reports: readonly StepReport[] = [
    {
      step: 'volumes',
      figures: { wanted: state.volumes.wanted.size, pendingPurge, retained },
      findings: [...disk.missing(), ...confirmed.filter((action) => !isOrphan(action)).map(findingOf)],
      notes: pendingPurge === 0 ? [] : [`${pendingPurge} volumes of removed snapshots are waiting to be purged`],
      corrupt: false,
    },
    {
      step: 'orphans',
      figures: { found: first.found.length },
      findings: confirmed.filter(isOrphan).map(findingOf),
      notes: [],
      corrupt: false,
    },
  ];
  return { reports, found: first.found, confirmed };
}

/** A pending purge is no finding: the daemon does it in the background. */
const isFinding = ({ type }: Action) => type !== 'purge';
const isOrphan = ({ type }: Action) => type === 'quarantine' || type === 'discard';

async function agreed(first: readonly Action[], state: State, volumes: VolumeScan): Promise<readonly Action[]> {
  const seen = new Set(first.filter(isFinding).map(nameOf));
  const { actions } = await compare(state, volumes);
  return actions.filter((action) => seen.has(nameOf(action)));
}

const nameOf = (action: Action) => `${action.type} ${'path' in action ? action.path : action.id}`;

function findingOf(action: Action): Finding {
  const what = 'path' in action ? action.path : `snapshot ${action.id}${'key' in action ? ` (${action.key})` : ''}`;
  // Some reasons name the path themselves.
  const text = action.why.startsWith(what) ? action.why : `${what}: ${action.why}`;
  return { what: plain(text), todo: todos[action.type] };
}

/** A scan to which a missing `snapshots/` is empty, and which remembers that it was missing. */
function tolerantScan(volumes: VolumeScan): { readonly scan: VolumeScan; missing(): readonly Finding[] } {
  let missing = false;
  const scan = async () => {
    try {
      return await volumes.scan();
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing = true;
      return [];
    }
  };
  // The adapter's object may have its methods on a prototype, so it is not spread.
  const { boot } = volumes;
  const occupies: VolumeScan['occupies'] = (volume) => volumes.occupies(volume);
  const isPristine: VolumeScan['isPristine'] = (found) => volumes.isPristine(found);
  return { scan: { boot, occupies, isPristine, scan }, missing: () => (missing ? [gone] : []) };
}

const gone: Finding = {
  what: 'snapshots/: the directory is missing, with every volume',
  todo: 'mount it, or restore it from a backup, before the next start, which would create an empty one and declare all snapshots lost',
};

function isMissing(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  return isErrno(cause, 'ENOENT');
}

interface Comparison {
  /** what the reconciler would do */
  readonly actions: readonly Action[];
  /** the entries on disk */
  readonly found: readonly FoundVolume[];
}

/** Compares the disk with a state by the reconciler's plan, as the next start would. Changes nothing. */
export async function compare(state: State, volumes: VolumeScan): Promise<Comparison> {
  const wanted = wantedOf(state, volumes, crashOf(state, volumes.boot));
  const found: FoundVolume[] = [];
  for (const volume of await volumes.scan()) {
    const unknown = volume.id !== null && volume.id > wanted.lastId;
    found.push({ ...volume, pristine: unknown && (await volumes.isPristine(volume)) });
  }
  return { actions: plan(wanted, found), found };
}
