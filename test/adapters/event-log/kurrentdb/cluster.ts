import { randomUUID } from 'node:crypto';
import type { Envelope } from '../../../../events/envelope.ts';
import {
  type KurrentEventLogOptions,
  openKurrentEventLog,
} from '../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { eventId } from '../../../../src/app/store/journal.ts';
import type { EventLog } from '../../../../src/ports/event-log.ts';
import { type StandIn, type StandInOptions, startStandIn } from '../../../support/kurrent/stand-in.ts';
import { enveloped, prepared } from '../../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

export const now = { flush: 'now' } as const;

/** A stand-in, and logs of one store on it; everything ends with `close`. */
export interface Cluster {
  readonly standIn: StandIn;
  readonly store: string;
  readonly stream: string;
  /** One more writer of the store. */
  open(options?: Partial<KurrentEventLogOptions>): Promise<EventLog>;
  /** `count` events of the store after a position; another `life` is another history. */
  events(count: number, after?: number, life?: string): Envelope[];
  readonly sandbox: Sandbox;
}

export async function startCluster(options: StandInOptions = {}): Promise<Cluster> {
  const sandbox = createSandbox('kurrentdb');
  const standIn = await startStandIn(options);
  sandbox.atEnd(standIn.close);
  const store = randomUUID();
  return {
    standIn,
    store,
    stream: `snapledger-${store}`,
    sandbox,
    open: async (more = {}) => {
      const { log } = await openKurrentEventLog({
        url: standIn.url,
        store,
        retry: { answer: 4_000, outcome: 20_000 },
        ...more,
      });
      sandbox.atEnd(log.close);
      return log;
    },
    events: (count, after, life) => eventsOf(store, count, after, life),
  };
}

/** `count` events of a store after a position; another `life` is another history. */
export const eventsOf = (store: string, count: number, after = 0, life = 'a'): Envelope[] =>
  enveloped(
    Array.from({ length: count }, (_, index) => prepared(after + index + 1, `${life}-${after + index + 1}`)),
    after,
  ).map((envelope) => ({ ...envelope, id: eventId(store, envelope.position) }));

export async function readAll(log: Pick<EventLog, 'read'>, after = 0): Promise<Envelope[]> {
  const all: Envelope[] = [];
  for await (const batch of log.read(after)) all.push(...batch);
  return all;
}

/** The fault that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
  return promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error) => error,
  );
}
