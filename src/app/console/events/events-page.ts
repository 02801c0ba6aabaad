import type { Envelope } from '../../../../events/envelope.ts';
import type { ReadableLog } from '../../../ports/readable-log.ts';
import type { StoreFiles } from '../../../ports/store-files.ts';
import { knownKey } from '../../audit/history.ts';
import { readRange } from '../../audit/read-events.ts';
import { createChooser, type Selection, select } from '../../audit/select-events.ts';
import { withLog } from '../../audit/state-at.ts';
import type { EventsPage } from '../rows.ts';
import type { EventColumns } from './event-columns.ts';

export interface PageWanted extends Omit<Selection, 'from' | 'newest'> {
  readonly actor?: string | undefined;
  /** only earlier positions */
  readonly before: number;
  readonly lines: number;
}

/** The newest events before a position that are wanted. */
export async function eventsPage(
  files: StoreFiles,
  columns: () => Promise<EventColumns>,
  { actor, before, lines, ...wanted }: PageWanted,
): Promise<EventsPage> {
  return withLog(files, async (log) => {
    const filters = { ...wanted, actor };
    const found =
      wanted.key !== undefined
        ? await ofKey(log, { ...wanted, from: 1, key: await knownKey(files, log, wanted.key) }, (envelope) => {
            return envelope.position < before && (actor === undefined || envelope.meta.actor === actor);
          })
        : await eventsAt(
            log,
            isAll(filters)
              ? newestBefore(log, before, lines + 1)
              : positionsOf(await columns(), filters, before, lines + 1),
          );
    const events = found.slice(-lines);
    return { events, next: found.length > events.length ? (events[0]?.position ?? null) : null };
  });
}

const isAll = ({ types, namespace, actor, since, until }: Filters) =>
  types.length === 0 && [namespace, actor, since, until].every((filter) => filter === undefined);

function newestBefore({ end, gone }: ReadableLog, before: number, count: number): readonly number[] {
  const to = Math.min(before - 1, end.position);
  const from = Math.max((gone?.upTo ?? 0) + 1, to - count + 1);
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
}

async function ofKey(log: ReadableLog, selection: Selection, and: (envelope: Envelope) => boolean) {
  const found: Envelope[] = [];
  for await (const batch of select(log, selection, createChooser(selection))) found.push(...batch.filter(and));
  return found;
}

type Filters = Pick<PageWanted, 'types' | 'namespace' | 'since' | 'until' | 'actor'>;

/** The last positions before another one whose events pass, in order. */
function positionsOf(columns: EventColumns, filters: Filters, before: number, count: number): readonly number[] {
  const { types, namespace, actor, since = 0n, until = 2n ** 63n } = filters;
  const wantedTypes = new Set(types.map((type) => columns.types.find(type) ?? -1));
  const wantedActor = actor === undefined ? undefined : (columns.actors.find(actor) ?? -1);
  const wantedNamespace = namespace === undefined ? undefined : (columns.namespaces.find(namespace) ?? -1);
  const [from, to] = [Number(since / 1_000_000n), Number(until / 1_000_000n)];
  const found: number[] = [];
  for (const chunk of [...columns.chunks].reverse()) {
    if (chunk.first >= before || chunk.latest < from || chunk.earliest > to) continue;
    for (let index = Math.min(chunk.count, before - chunk.first) - 1; index >= 0; index--) {
      const time = chunk.times[index] ?? 0;
      if (time < from || time > to) continue;
      if (wantedTypes.size > 0 && !wantedTypes.has(chunk.types[index] ?? 0)) continue;
      if (wantedActor !== undefined && chunk.actors[index] !== wantedActor) continue;
      if (wantedNamespace !== undefined && chunk.namespaces[index] !== wantedNamespace) continue;
      found.push(chunk.first + index);
      if (found.length === count) return found.reverse();
    }
  }
  return found.reverse();
}

/** Reading on costs less than starting anew. */
const near = 500;

/** The events at some positions, in order. */
export async function eventsAt(log: ReadableLog, positions: readonly number[]): Promise<readonly Envelope[]> {
  const wanted = new Set(positions);
  const ranges: { first: number; last: number }[] = [];
  for (const position of positions) {
    const before = ranges.at(-1);
    if (before !== undefined && position - before.last <= near) before.last = position;
    else ranges.push({ first: position, last: position });
  }
  const found: Envelope[] = [];
  for (const range of ranges)
    for await (const batch of readRange(log, range, ({ position }) => wanted.has(position))) found.push(...batch);
  return found;
}
