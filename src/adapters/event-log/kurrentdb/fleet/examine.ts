import * as either from 'fp-ts/lib/Either.js';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import type { AllRecorded } from '../connect.ts';
import type { Stream } from '../stream.ts';
import { storedOf } from '../wire.ts';
import { advance, begin, type Head, type Heads, itemOf, type Place, type RawItem, starts } from './heads.ts';
import { historyAfter, holds, type Verified } from './history.ts';

interface Context {
  readonly heads: Heads;
  readonly place: Place;
  /** of the store */
  readonly stream: Stream;
}

type Items = AsyncGenerator<readonly RawItem[]>;

/**
 * What a store's stream says about an event that does not follow the store's head: it is a repetition, events before it are
 * missing, it was changed, or it is of another history. Throws a Fault of the connection.
 */
export async function* examine(context: Context, event: AllRecorded): Items {
  const { heads, place, stream } = context;
  try {
    yield* explained(context, event);
  } catch (error) {
    const fault = corruption(error, stream);
    const isNew = !heads.has(place.store);
    const head = heads.get(place.store) ?? begin(heads, place.store, 1);
    head.stopped = true;
    yield [...(isNew ? [starts(place)] : []), { kind: 'stops', ...place, fault }];
  }
}

async function* explained(context: Context, event: AllRecorded): Items {
  const { heads, place, stream } = context;
  const head = heads.get(place.store);
  if (head === undefined) return yield* whole(context, undefined);
  const revision = Number(event.revision);
  head.checked = true;
  if (head.stopped || (await holds(stream, head)) === false) yield* replaced(context, head);
  else if (revision > head.position) yield* rest(context, head, revision);
  else if (revision === head.position) throw brokenEvent(stream, event);
}

/** The whole stream, from the first event that is shown. */
async function* whole({ heads, place, stream }: Context, replaces: Fault | undefined): Items {
  let head: Head | undefined;
  for await (const events of historyAfter(stream, place.store, undefined)) {
    const items: RawItem[] = [];
    if (head === undefined) {
      const first = events[0]?.stored.position ?? 1;
      head = begin(heads, place.store, first);
      items.push({ kind: 'starts', ...place, first, replaces });
    }
    deliver(place, events, head, items);
    yield items;
  }
  if (head === undefined) throw gone(stream);
}

/** The stream after the head, which includes the event of a revision. */
async function* rest({ place, stream }: Context, head: Head, revision: number): Items {
  for await (const events of historyAfter(stream, place.store, { ...head })) {
    const items: RawItem[] = [];
    deliver(place, events, head, items);
    yield items;
  }
  if (head.position <= revision) throw gone(stream);
}

/** Another history: only one that verifies to its end makes the earlier one void. */
async function* replaced(context: Context, head: Head): Items {
  const { place, stream } = context;
  const broken = await firstBreak(stream, place.store);
  if (broken === undefined) yield* whole(context, otherHistory(stream, head.position));
  else if (!head.stopped) throw broken;
}

function deliver(place: Place, events: readonly Verified[], head: Head, items: RawItem[]): void {
  for (const { stored, created } of events) {
    items.push(itemOf(place, stored, created));
    advance(head, stored);
  }
}

/** Why a stream does not verify from its beginning to its end. */
async function firstBreak(stream: Stream, store: string): Promise<Fault | undefined> {
  try {
    let read = 0;
    for await (const events of historyAfter(stream, store, undefined)) read += events.length;
    return read > 0 ? undefined : gone(stream);
  } catch (error) {
    return corruption(error, stream);
  }
}

/** The fault of a stream; throws any other one. */
function corruption(error: unknown, { where }: Stream): Fault {
  const fault = faultOf(error, where);
  if (fault.code !== 'corrupt') throw fault;
  return fault;
}

const gone = ({ where }: Stream) =>
  new Fault('corrupt', `${where}: the stream was deleted, or its events have expired`, {
    hint: 'restore the stream, or rebuild the index without it',
  });

const otherHistory = ({ where }: Stream, position: number) =>
  new Fault(
    'corrupt',
    `${where}: the stream holds another history than the one that was read up to position ${position}`,
    {
      hint: 'the node was rolled back, or the cluster was restored from an older backup: the new history is read from its beginning',
    },
  );

function brokenEvent({ where }: Stream, event: AllRecorded): Fault {
  const stored = storedOf(event);
  const what = either.isLeft(stored)
    ? `it does not belong to this store: ${stored.left}`
    : 'it was changed, or does not follow from the event before';
  return new Fault('corrupt', `${where}: position ${Number(event.revision) + 1}: ${event.type}: ${what}`, {
    hint: 'no other client may write into this stream or delete it: restore the stream from a backup',
  });
}
