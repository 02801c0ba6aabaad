import type { Envelope } from '../../../events/envelope.ts';
import type { EventType } from '../../../events/registry.ts';
import { describeEvent } from './event-text.ts';
import { type Colour, colourless, type Paint } from './print.ts';
import { createTable } from './table.ts';
import { agoOf, brief, dateOf, plain } from './text.ts';

interface EventTableOptions {
  /** digests in full */
  readonly whole?: boolean | undefined;
  /** how long ago it was as seen from this time, instead of when it was */
  readonly ago?: (() => bigint) | undefined;
  readonly paint?: Paint;
}

const typeColumn = 2;
const colours: Readonly<Partial<Record<EventType, Colour>>> = {
  SnapshotPrepared: 'blue',
  SnapshotTakenOver: 'green',
  SnapshotCommitted: 'green',
  SnapshotRemoved: 'red',
  VolumeLost: 'red',
  PrepareUndone: 'yellow',
  CommitUndone: 'yellow',
  OrphanQuarantined: 'yellow',
  LogRepaired: 'yellow',
};

/** Renders events as the lines of one table, batch by batch. */
export function createEventTable(options: EventTableOptions = {}): (batch: readonly Envelope[]) => readonly string[] {
  const { whole, ago, paint = colourless } = options;
  const table = createTable([
    { title: 'POSITION', align: 'right' },
    { title: 'TIME' },
    { title: 'TYPE' },
    { title: 'ID', align: 'right' },
    { title: 'KEY' },
    { title: 'WHAT' },
    { title: 'ACTOR' },
  ]);
  return (batch) => {
    const timeOf = (time: bigint) => (ago === undefined ? dateOf(time) : agoOf(time, ago()));
    const rows = batch.map((envelope) => {
      const { id, about, what, actor } = describeEvent(envelope);
      const { position, time, event } = envelope;
      return [String(position), timeOf(time), event.type, id, brief(about, whole), brief(what, whole), plain(actor)];
    });
    return table.lines(rows, (cell, row, column) => {
      const type = batch[row]?.event.type;
      const colour = type === undefined ? undefined : colours[type];
      if (column < typeColumn) return paint(cell, 'dim');
      return column === typeColumn && colour !== undefined ? paint(cell, colour) : cell;
    });
  };
}
