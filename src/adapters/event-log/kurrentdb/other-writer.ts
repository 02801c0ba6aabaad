import * as either from 'fp-ts/lib/Either.js';
import { Fault } from '../../../ports/fault.ts';
import { pageSize } from './read-stream.ts';
import type { Stream } from './stream.ts';
import { envelopeOf, storedOf } from './wire.ts';

/** Pages that are searched for the opening of another writer. */
const searched = 20;

/**
 * The fault for a position that another writer has written. It names that writer by the opening it recorded: after this
 * position, or before it but after this writer's own (`opened`, 0 for none). A writer that has not recorded its opening yet
 * is not named.
 */
export async function anotherWriter(stream: Stream, position: number, opened: number): Promise<Fault> {
  const opening = await findOpening(stream, position, opened).catch(() => undefined);
  const by = opening === undefined ? '' : `: ${opening}`;
  return new Fault('busy', `${stream.where}: another writer has written position ${position}${by}`, {
    hint: 'let one daemon alone use this store: stop the other one, then restart this one',
  });
}

async function findOpening(stream: Stream, position: number, opened: number): Promise<string | undefined> {
  const after = await stream.read({ from: position - 1, direction: 'forwards', count: pageSize });
  const since = named(after);
  if (since !== undefined) return since;
  for (let page = 0, last = position - 1; page < searched && last > opened; page++, last -= pageSize) {
    const count = Math.min(pageSize, last - opened);
    const before = named(await stream.read({ from: last - 1, direction: 'backwards', count }));
    if (before !== undefined) return before;
  }
  return undefined;
}

/** The writer that the first opening among these events names. */
function named(events: Awaited<ReturnType<Stream['read']>>): string | undefined {
  for (const recorded of events) {
    const stored = storedOf(recorded);
    const envelope = either.isRight(stored) ? envelopeOf(stored.right) : stored;
    if (either.isLeft(envelope) || envelope.right.event.type !== 'StoreOpened') continue;
    const { pid, root } = envelope.right.event.data;
    const since = new Date(Number(envelope.right.time / 1_000_000n)).toISOString();
    return `process ${pid} on ${root.host}, root ${root.path}, at work since ${since}`;
  }
  return undefined;
}
