import type { Envelope } from '../../../../events/envelope.ts';
import type { Incident } from '../rows.ts';

/** Events that are incidents by their type. */
const kinds: Readonly<Record<string, Incident['kind']>> = {
  VolumeLost: 'lost',
  OrphanQuarantined: 'quarantined',
  VolumeRecreated: 'recreated',
  PrepareUndone: 'undone',
  CommitUndone: 'undone',
  LogRepaired: 'repaired',
  StoreImported: 'imported',
  ContainerdWatchChanged: 'gap',
};

/** An opening after these is no crash: before the first opening there was no session. */
const orderly = new Set(['StoreClosed', 'StoreCreated', 'StoreImported', 'StoreTakenOver', '']);

/** The incident that an event is, by its type and that of the event before it; undefined for none. */
export function incidentIn(type: string, before: string, envelope: () => Envelope | undefined): Incident | undefined {
  const kind = type === 'StoreOpened' && !orderly.has(before) ? 'crash' : kinds[type];
  if (kind === undefined) return undefined;
  const found = envelope();
  if (found === undefined || isListening(found)) return undefined;
  const { position, time } = found;
  return { position, time, type, kind, text: kind === 'crash' ? 'not closed before' : textOf(found) };
}

/** Only its end begins a gap. */
const isListening = ({ event }: Envelope) => event.type === 'ContainerdWatchChanged' && event.data.listening;

/** What it is about, and why. */
function textOf({ event: { data } }: Envelope): string {
  const fields: Readonly<Record<string, unknown>> = { ...data };
  return ['key', 'path', 'why']
    .map((name) => fields[name])
    .filter((value) => typeof value === 'string' && value !== '')
    .join(': ');
}
