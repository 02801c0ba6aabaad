import type { WireEnvelope } from '../../../../events/envelope.ts';
import { millisecondsOf } from './units.ts';

export type Phase = 'active' | 'view' | 'committed' | 'retained' | 'removed' | 'lost';

/** A part of a snapshot's life, in milliseconds since 1970. */
export interface Stage {
  readonly phase: Phase;
  readonly from: number;
  readonly to: number;
}

/** The phase that begins with an event; undefined if it begins none, null if nothing is left. */
function phaseAfter({ type, data }: WireEnvelope): Phase | null | undefined {
  const fields = data as { readonly kind?: Phase; readonly retained?: boolean };
  switch (type.replace(/\.v\d+$/, '')) {
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
      return fields.kind;
    case 'SnapshotCommitted':
    case 'SnapshotRestored':
      return 'committed';
    case 'CommitUndone':
      return 'active';
    case 'SnapshotRemoved':
      return fields.retained === true ? 'retained' : 'removed';
    case 'RetentionEnded':
      return 'removed';
    case 'VolumeLost':
      return 'lost';
    case 'VolumePurged':
    case 'PrepareUndone':
      return null;
    default:
      return undefined;
  }
}

/** The stages of a life by its events in order; the last one goes on until now. */
export function stagesOf(events: readonly WireEnvelope[], now: number): readonly Stage[] {
  const stages: Stage[] = [];
  let current: { readonly phase: Phase; readonly from: number } | undefined;
  for (const event of events) {
    const phase = phaseAfter(event);
    if (phase === undefined) continue;
    const at = millisecondsOf(event.time);
    if (current !== undefined) stages.push({ ...current, to: at });
    current = phase === null ? undefined : { phase, from: at };
  }
  if (current !== undefined && current.phase !== 'lost') stages.push({ ...current, to: Math.max(now, current.from) });
  return stages;
}
