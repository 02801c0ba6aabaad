import { Gauge, type Registry } from 'prom-client';
import type { Kind } from '../../events/codecs.ts';
import { retainedFigures } from '../../projections/retained-figures.ts';
import type { State } from '../../projections/state.ts';

/** The part of a journal that is read when metrics are asked for. */
export interface Watched {
  readonly durable: State;
  readonly latest: State;
  readonly setbacks: number;
}

/** What the state shows, counted when somebody asks: nothing is paid for an event. `watched` answers undefined until there is one. */
export function createJournalMetrics(registry: Registry, watched: () => Watched | undefined): void {
  const gauge = (name: string, help: string, read: (journal: Watched) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const journal = watched();
        if (journal !== undefined) this.set(read(journal));
      },
    });
  gauge('snapledger_log_durable_position', 'Position of the newest durable event', ({ durable }) => durable.position);
  gauge('snapledger_log_taken_position', 'Position of the newest event taken', ({ latest }) => latest.position);
  gauge('snapledger_setbacks', 'How often the log gave taken events back', ({ setbacks }) => setbacks);
  gauge(
    'snapledger_volumes_pending_purge',
    'Volumes that wait for their purge',
    ({ durable }) => durable.volumes.pendingPurge.size,
  );
  gauge(
    'snapledger_retained_snapshots',
    'Removed layers that can be brought back',
    ({ durable }) => retainedFigures(durable).count,
  );
  gauge(
    'snapledger_retained_bytes',
    'Bytes of the removed layers that can be brought back, as far as they were measured',
    ({ durable }) => retainedFigures(durable).bytes,
  );
  new Gauge({
    name: 'snapledger_snapshots',
    help: 'Living snapshots by kind',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      const journal = watched();
      if (journal === undefined) return;
      for (const [kind, count] of Object.entries(countByKind(journal.durable))) this.set({ kind }, count);
    },
  });
}

function countByKind({ volumes }: State): Record<Kind, number> {
  const counts = { active: 0, view: 0, committed: 0 };
  volumes.wanted.each((_, { kind }) => {
    counts[kind] += 1;
  });
  return counts;
}
