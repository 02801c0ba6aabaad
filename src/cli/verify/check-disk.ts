import type { State } from '../../../projections/state.ts';
import type { Action, ActionType } from '../../app/reconcile/action.ts';
import type { Found } from '../../ports/volume-driver.ts';
import type { VolumeScan } from '../cli-deps.ts';
import { look } from '../inspect-layer.ts';
import { plain } from '../output/plain.ts';
import type { Finding, StepReport } from './step-report.ts';
import { tolerantScan } from './tolerant-scan.ts';

const todos: Readonly<Record<ActionType, string>> = {
  purge: 'nothing: the daemon purges it in the background, and again at its next start',
  recreate: '`snapledger reconcile` creates it again, empty: it was prepared, and no client had an answer',
  complete: '`snapledger reconcile` makes the missing part again',
  'declare-lost':
    'bring the directory back from a backup before the next start; else `snapledger reconcile` records the loss, and the image must be pulled again',
  'end-retention':
    'bring the directory back from a backup before the next start to be able to restore it; else `snapledger reconcile` gives it up',
  'undo-commit': '`snapledger reconcile` takes the seal back; the active stays as it was',
  'finish-commit': '`snapledger reconcile` drops what only the active needed',
  quarantine:
    '`snapledger reconcile` moves it to quarantine/ below the root; look into it there, and delete it by hand',
  discard: '`snapledger reconcile` deletes it: nobody can have written into it',
};

/** What the disk shows, and what of it is a finding. */
export interface CheckedDisk {
  readonly reports: readonly StepReport[];
  readonly found: readonly Found[];
  /** what the reconciler would do, as far as two looks agree on it */
  readonly confirmed: readonly Action[];
}

/**
 * Compares the disk with the log by the reconciler's own plan. A daemon may be at work meanwhile: only what two looks
 * agree on is a finding. `later` answers the state as it is some time after the first look.
 */
export async function checkDisk(state: State, volumes: VolumeScan, later: () => Promise<State>): Promise<CheckedDisk> {
  const disk = tolerantScan(volumes);
  const first = await look(state, disk.scan);
  const confirmed = first.actions.some(isFinding) ? await agreed(first.actions, await later(), disk.scan) : [];
  const { size: pendingPurge } = state.volumes.pendingPurge;
  const { size: retained } = state.volumes.retained;
  const reports: readonly StepReport[] = [
    {
      step: 'volumes',
      figures: { wanted: state.volumes.wanted.size, pendingPurge, retained },
      findings: [...disk.missing(), ...confirmed.filter((action) => !isOrphan(action)).map(findingOf)],
      notes: pendingPurge === 0 ? [] : [`${pendingPurge} volumes of removed snapshots wait for their purge`],
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

/** A purge that is due is no finding: it is what the daemon does in the background. */
const isFinding = ({ type }: Action) => type !== 'purge';
const isOrphan = ({ type }: Action) => type === 'quarantine' || type === 'discard';

async function agreed(first: readonly Action[], state: State, volumes: VolumeScan): Promise<readonly Action[]> {
  const seen = new Set(first.filter(isFinding).map(nameOf));
  const { actions } = await look(state, volumes);
  return actions.filter((action) => seen.has(nameOf(action)));
}

const nameOf = (action: Action) => `${action.type} ${'path' in action ? action.path : action.id}`;

function findingOf(action: Action): Finding {
  const what = 'path' in action ? action.path : `snapshot ${action.id}${'key' in action ? ` (${action.key})` : ''}`;
  // Some reasons name the path themselves.
  const told = action.why.startsWith(what) ? action.why : `${what}: ${action.why}`;
  return { what: plain(told), todo: todos[action.type] };
}
