import type { Kind } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';

/** All that a log tells of one snapshot. */
export interface Life {
  readonly id: number;
  /** the key that it was prepared under, empty where that event is not known */
  readonly key: string;
  /** the name that it was committed under */
  readonly name: string | null;
  /** as it was at last */
  readonly kind: Kind | null;
  readonly parent: string;
  readonly parentId: number | null;
  readonly prepared: Envelope | null;
  readonly committed: Envelope | null;
  /** the SnapshotRemoved, PrepareUndone or VolumeLost that ended it */
  readonly ended: Envelope | null;
  readonly events: readonly Envelope[];
}

/** Lives by id. */
export type Lives = ReadonlyMap<number, Life>;

const unknown = {
  key: '',
  name: null,
  kind: null,
  parent: '',
  parentId: null,
  prepared: null,
  committed: null,
  ended: null,
};

/** The lives that events tell of, whichever snapshots they are of, in order. */
export function livesIn(envelopes: Iterable<Envelope>): Lives {
  const lives = new Map<number, Life>();
  for (const envelope of envelopes) {
    const { data } = envelope.event;
    const id = 'id' in data ? data.id : null;
    if (id === null) continue;
    const life = lives.get(id) ?? { ...unknown, id, events: [] };
    lives.set(id, { ...life, ...changeBy(envelope), events: [...life.events, envelope] });
  }
  return lives;
}

/** What an event says of the life that it belongs to. */
function changeBy(envelope: Envelope): Partial<Life> {
  const { event } = envelope;
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { key, kind, parent, parentId } = event.data;
      return { key, kind, parent, parentId, prepared: envelope };
    }
    case 'SnapshotCommitted': {
      const { name, parent, parentId } = event.data;
      return { name, kind: 'committed', parent, parentId, committed: envelope };
    }
    case 'SnapshotRemoved':
      return { kind: event.data.kind, parent: event.data.parent, parentId: event.data.parentId, ended: envelope };
    case 'PrepareUndone':
    case 'VolumeLost':
      return { ended: envelope };
    default:
      return {};
  }
}
