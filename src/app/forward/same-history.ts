import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { sameButLabels } from '../../domain/filter/omit-labels.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';

type Readable = Pick<EventLog, 'read'>;

/** Events before the target's last one that are compared with it. */
const compared = 100;

/**
 * Throws a Fault (`corrupt`) unless the target holds a beginning of the source, which has `durable` events. Its first event and
 * its last ones are compared, whole but for labels that were left out, with the nanosecond of each: histories that parted earlier
 * differ there as well. If the target's first events have expired, the first that is left is compared.
 */
export async function expectSameHistory(
  source: Readable,
  target: Pick<EventLog, 'read' | 'end' | 'gone'>,
  durable: number,
): Promise<void> {
  const { position } = target.end;
  if (position > durable)
    throw diverged(`it holds ${position} events, this log only ${durable}: the log was restored from an older copy`);
  const isSame = async (from: number, to: number) => {
    const [ours, theirs] = await Promise.all([eventsOf(source, from, to), eventsOf(target, from, to)]);
    return [...ours].every(([at, event]) => {
      const sent = theirs.get(at);
      return sent !== undefined && sameButLabels(event, sent, textOf);
    });
  };
  if (position === 0) return;
  const begin = (target.gone?.upTo ?? 0) + 1;
  if ((await isSame(begin, begin)) && (await isSame(Math.max(begin, position - compared), position))) return;
  const first = await firstDifference(begin - 1, position, (at) => isSame(at, at));
  throw diverged(`position ${first} of it is another event than in this log`);
}

const textOf = (envelope: Envelope) => JSON.stringify(encodeEnvelope(envelope));

/** The events from one position to another. */
async function eventsOf(log: Readable, from: number, to: number): Promise<ReadonlyMap<number, Envelope>> {
  const found = new Map<number, Envelope>();
  for await (const batch of log.read(from - 1)) {
    for (const envelope of batch) if (envelope.position <= to) found.set(envelope.position, envelope);
    if ((batch.at(-1)?.position ?? to) >= to) break;
  }
  return found;
}

/** The first position after `before` up to `last` that differs, if all after it do as well. */
async function firstDifference(
  before: number,
  last: number,
  isSame: (position: number) => Promise<boolean>,
): Promise<number> {
  let [same, different] = [before, last];
  while (different - same > 1) {
    const middle = Math.floor((same + different) / 2);
    if (await isSame(middle)) same = middle;
    else different = middle;
  }
  return different;
}

const diverged = (what: string) =>
  new Fault('corrupt', `the stream and this log are two histories: ${what}`, {
    hint: 'nothing was changed. Restore the log that the stream was made of; or, if this log is right, have an administrator of the cluster tombstone the stream, and start this node with an empty root',
  });
