import type { Envelope } from '../../../../events/envelope.ts';
import type { StoreInfo } from '../../../../projections/store-info.ts';
import type { Fault } from '../../../ports/fault.ts';
import type { FleetIncident } from '../../../ports/fleet-database.ts';

type Incident = Omit<FleetIncident, 'store' | 'position' | 'time'>;
const ofStore = { snapshot: null, key: '' };

/** What went wrong, according to an event; undefined for most. `before` is the store before it. */
export function incidentOf(
  store: string,
  { position, time, event }: Envelope,
  before: StoreInfo,
): FleetIncident | undefined {
  const incident = describe(event, before);
  return incident === undefined ? undefined : { store, position, time, ...incident };
}

function describe({ type, data }: Envelope['event'], before: StoreInfo): Incident | undefined {
  switch (type) {
    case 'VolumeLost':
      return { kind: 'lost', snapshot: data.id, key: data.key, text: data.why };
    case 'PrepareUndone':
    case 'CommitUndone':
      return { kind: 'undone', snapshot: data.id, key: data.key, text: `${data.step}: ${data.error}; ${data.done}` };
    case 'OrphanQuarantined':
      return {
        kind: 'quarantined',
        snapshot: data.id,
        key: '',
        text: `${data.path}: ${data.why}; moved to ${data.moved}`,
      };
    case 'LogRepaired':
      return {
        ...{ kind: 'repaired', ...ofStore },
        text: `${data.file}, byte ${data.offset}: ${data.what}; ${data.done}, events ${data.first} to ${data.last}, kept in ${data.kept}`,
      };
    case 'StoreOpened': {
      if (data.clean) return undefined;
      const cut = before.boot !== '' && before.boot !== data.boot;
      const found = Object.entries(data.found).map(([action, count]) => `${count} ${action}`);
      return {
        ...{ kind: cut ? 'power-cut' : 'crash', ...ofStore },
        text: `not closed in order${found.length === 0 ? '' : `; recovery: ${found.join(', ')}`}`,
      };
    }
    default:
      return undefined;
  }
}

/** The store's history ended, and another one begins with the event `first`. */
export const rolledBack = (store: string, first: number, time: bigint, fault: Fault): FleetIncident => ({
  ...{ store, position: first - 1, time, kind: 'rolled-back', ...ofStore, text: fault.message },
});

/** Nothing is indexed after the event `position`. */
export const stopped = (store: string, position: number, time: bigint, fault: Fault): FleetIncident => ({
  ...{ store, position: position + 1, time, kind: 'stopped', ...ofStore, text: fault.message },
});
