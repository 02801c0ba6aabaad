import { Counter, Gauge, type Registry } from 'prom-client';

/** The part of a feed that is read when metrics are asked for. */
export interface WatchedFeed {
  /** of the newest durable event */
  readonly position: number;
  readonly subscribers: ReadonlySet<{ readonly position: number }>;
}

/** Who reads the events and how far behind the last one is. Answers what takes note of a reader that was given up. */
export function createFeedMetrics(registry: Registry, watched: () => WatchedFeed | undefined): () => void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: (feed: WatchedFeed) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const feed = watched();
        if (feed !== undefined) this.set(read(feed));
      },
    });
  gauge('snapledger_subscribers', 'Readers of the events', ({ subscribers }) => subscribers.size);
  gauge('snapledger_subscriber_lag_events', 'Events that the reader furthest behind has not got yet', lagOf);
  const drops = new Counter({
    name: 'snapledger_subscribers_dropped_total',
    help: 'Readers whose answer ended before its end: they took nothing, the daemon stopped, or the log failed',
    registers,
  });
  return () => drops.inc();
}

function lagOf({ position, subscribers }: WatchedFeed): number {
  let lag = 0;
  for (const reader of subscribers) lag = Math.max(lag, position - reader.position);
  return lag;
}
