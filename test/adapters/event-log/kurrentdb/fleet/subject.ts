import { randomUUID } from 'node:crypto';
import { jsonEvent, KurrentDBClient } from '@kurrent/kurrentdb-client';
import type { Envelope } from '../../../../../events/envelope.ts';
import { createKurrentFleetSource } from '../../../../../src/adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import { openKurrentEventLog } from '../../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import type { FleetSourceSubject } from '../../../../contract/fleet-source.contract.ts';
import { now } from '../cluster.ts';

/** A source on a cluster, whose stores are written by the event log. */
export function fleetSubjectOn(url: string): FleetSourceSubject {
  return {
    source: createKurrentFleetSource({ url }),
    write: async (store: string, events: readonly Envelope[]) => {
      const { log } = await openKurrentEventLog({ url, store });
      await log.append(events, now);
      await log.close();
    },
    writeOther: async (count) => {
      const client = KurrentDBClient.connectionString(url);
      const proposals = Array.from({ length: count }, () => jsonEvent({ type: 'other', data: {} }));
      for (let from = 0; from < count; from += 500)
        await client.appendToStream(`other-${randomUUID()}`, proposals.slice(from, from + 500));
      await client.dispose();
    },
  };
}
