import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Envelope, EventOf, ReaderCheckpoint } from '../../../src/index.ts';

/** The events that change who holds what. */
export const relevant = ['SnapshotCommitted', 'UsageMeasured', 'SnapshotRemoved', 'VolumeLost'] as const;
export type Relevant = EventOf<(typeof relevant)[number]>;

interface Holding {
  readonly namespace: string;
  readonly bytes: number;
}

/** The state at a position: committed snapshots by id. */
export interface Holdings {
  readonly position: number;
  readonly snapshots: ReadonlyMap<number, Holding>;
}

export const nothingHeld: Holdings = { position: 0, snapshots: new Map() };

/** Folds one event in. The map is changed in place: only the newest answer may be used. */
export function evolveHoldings({ snapshots }: Holdings, { position, event }: Envelope<Relevant>): Holdings {
  const map = snapshots as Map<number, Holding>;
  const { id } = event.data;
  if (event.type === 'SnapshotCommitted') map.set(id, { namespace: namespaceOf(event.data.name), bytes: 0 });
  else if (event.type !== 'UsageMeasured') map.delete(id);
  else {
    const held = map.get(id);
    if (held !== undefined) map.set(id, { ...held, bytes: event.data.bytes });
  }
  return { position, snapshots: map };
}

/** containerd's names start with the namespace. */
const namespaceOf = (name: string) => name.split('/')[0] ?? '';

/** The table: bytes and snapshots of each namespace. */
export function tableOf({ snapshots }: Holdings): Readonly<Record<string, { bytes: number; snapshots: number }>> {
  const table: Record<string, { bytes: number; snapshots: number }> = {};
  for (const { namespace, bytes } of snapshots.values()) {
    table[namespace] ??= { bytes: 0, snapshots: 0 };
    table[namespace].bytes += bytes;
    table[namespace].snapshots += 1;
  }
  return table;
}

export function readHoldings(file: string): Holdings {
  try {
    const { position, snapshots } = JSON.parse(readFileSync(file, 'utf8')) as {
      position: number;
      snapshots: [number, Holding][];
    };
    return { position, snapshots: new Map(snapshots) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ...nothingHeld, snapshots: new Map() };
    throw error;
  }
}

/** Replaces the file atomically, so that counts and position are always of the same moment. */
export function writeHoldings(file: string, holdings: Holdings): void {
  const text = JSON.stringify({ ...holdings, table: tableOf(holdings), snapshots: [...holdings.snapshots] });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** The file as the reader's checkpoint: saving the position saves the table with it. */
export function holdingsCheckpoint(file: string, current: () => Holdings): ReaderCheckpoint {
  return {
    load: async () => current().position,
    save: async (position) => writeHoldings(file, { ...current(), position }),
  };
}
