import { hash } from 'node:crypto';
import { type Envelope, encodeEnvelope } from '../../events/envelope.ts';
import { createAppend, GroupCommit, stoppedFault } from '../../src/adapters/event-log/group-commit.ts';
import type { AppendOptions, EventLog, LogPosition } from '../../src/ports/event-log.ts';
import { Fault, faultOf, isTransient } from '../../src/ports/fault.ts';

/** A durable event of a memory log, with its chain hash. */
export interface MemoryRecord {
  readonly envelope: Envelope;
  readonly chainHash: string;
}

export interface MemoryEventLogOptions {
  /** The chain hashes of two stores never agree. */
  readonly store?: string;
  /** The durable records; a log that is opened again starts with them. */
  readonly kept?: MemoryRecord[];
  /** Simulates the flush: a batch is durable when it resolves and rolled back when it rejects (`isTransient`: the log continues). */
  readonly flush?: (batch: readonly Envelope[]) => Promise<void>;
  /** Plays the room's limit: throws a Fault to refuse an append at once. */
  readonly admit?: (envelopes: readonly Envelope[], options: AppendOptions) => void;
}

/** Events batch together to at most this many when they are read. */
const batchLength = 1000;

/** The EventLog in memory, with the same grouping of appends as on disk: for tests and for demonstrations. */
export function createMemoryEventLog(options: MemoryEventLogOptions = {}): EventLog {
  const { kept = [], flush = async () => {}, admit = () => {} } = options;
  const genesis = hash('sha256', `memory log of store ${options.store ?? ''}`);
  let stopped: Fault | undefined;
  const durable = (): LogPosition => {
    const last = kept.at(-1);
    return { position: kept.length, chainHash: last?.chainHash ?? genesis };
  };
  let end = durable();

  const commit = new GroupCommit<readonly MemoryRecord[]>({
    store: async (batch) => {
      const records = batch.flat();
      await flush(records.map(({ envelope }) => envelope));
      kept.push(...records);
    },
    undo: async (error) => {
      const fault = faultOf(error, 'flush of the memory log');
      if (!isTransient(fault)) stopped = fault;
      return fault;
    },
    rewind: () => {
      end = durable();
    },
  });
  const append = (envelopes: readonly Envelope[], appendOptions: AppendOptions): Promise<void> => {
    if (stopped !== undefined) throw stoppedFault(stopped);
    admit(envelopes, appendOptions);
    const records = chained(envelopes, end.chainHash);
    end = { position: end.position + envelopes.length, chainHash: records.at(-1)?.chainHash ?? end.chainHash };
    return commit.enqueue(records, appendOptions.flush);
  };
  return {
    get end() {
      return end;
    },
    append: createAppend(() => end.position, append),
    read: (after) => batchesOf(kept, after),
    chainHashAt: async (position) => (position === 0 ? genesis : kept[position - 1]?.chainHash),
    settled: () => commit.settled(),
    close: async () => {
      await commit.settled().catch(() => {});
      stopped ??= new Fault('stopped', 'the memory log is closed', { hint: 'open it again' });
    },
  };
}

function chained(envelopes: readonly Envelope[], before: string): readonly MemoryRecord[] {
  let chainHash = before;
  return envelopes.map((envelope) => {
    chainHash = hash('sha256', chainHash + JSON.stringify(encodeEnvelope(envelope)));
    return { envelope, chainHash };
  });
}

async function* batchesOf(kept: readonly MemoryRecord[], after: number): AsyncGenerator<readonly Envelope[]> {
  for (let from = after; from < kept.length; ) {
    const batch = kept.slice(from, from + batchLength);
    yield batch.map(({ envelope }) => envelope);
    from += batch.length;
  }
}
