import { join } from 'node:path';
import { readLogDirectory } from './adapters/event-log/file/read/read-log-directory.ts';
import { createKurrentFleetSource } from './adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import { createLogSource, type LogSourceOptions } from './app/feed/subscribe.ts';
import type { EventSource } from './ports/event-source.ts';
import type { FleetSource } from './ports/fleet-source.ts';

export type { Envelope, Meta } from '../events/envelope.ts';
export type { Event, EventOf, EventType } from '../events/registry.ts';
export { createFileFleetCheckpoint as fleetCheckpoint } from './adapters/event-source/fleet-checkpoint.ts';
export { createHttpEventSource as daemonSource, type DaemonAddress } from './adapters/event-source/http.ts';
export { createFileReaderCheckpoint as fileCheckpoint } from './adapters/event-source/reader-checkpoint.ts';
export {
  createLogSource as logSource,
  type LogSourceOptions,
  type SubscribeOptions,
  subscribe,
} from './app/feed/subscribe.ts';
export { type SubscribeFleetOptions, subscribeFleet } from './app/feed/subscribe-fleet.ts';
export type { EventLog } from './ports/event-log.ts';
export type { EventSource, ReaderCheckpoint, SourceRequest } from './ports/event-source.ts';
export { PositionGone } from './ports/event-source.ts';
export { Fault, type FaultCode } from './ports/fault.ts';
export type {
  ClusterPosition,
  FleetBatch,
  FleetCheckpoint,
  FleetEvent,
  FleetItem,
  FleetProgress,
  FleetRequest,
  FleetSource,
  HistoryStarts,
  StoreHead,
  StoreStops,
  UnknownEvent,
} from './ports/fleet-source.ts';

/** The events in the files of a store: to their end, or with `pollEvery` on with what a daemon appends. Nothing is changed. */
export function filesSource(root: string, options: LogSourceOptions = {}): EventSource {
  return createLogSource(() => readLogDirectory(join(root, 'log')), options);
}

/**
 * The events of a store in KurrentDB, which its daemon keeps there or forwards to: by a connection string and the store's id.
 * The stream is looked at again every second unless said.
 */
export function kurrentSource(
  url: string,
  store: string,
  options: LogSourceOptions = { pollEvery: 1000 },
): EventSource {
  const open = async (signal: AbortSignal) => {
    const { readKurrentStream } = await import('./adapters/event-log/kurrentdb/open-kurrent-event-log.ts');
    return readKurrentStream({ url, store, signal });
  };
  return createLogSource(open, options);
}

/**
 * The events of all stores of a cluster of KurrentDB, by a connection string: of their daemons' logs or of the copies that they
 * forward. Its user has to be allowed to read `$all`. Throws a Fault (`misuse`) for a string that the client does not accept.
 */
export function fleetSource(url: string): FleetSource {
  return createKurrentFleetSource({ url });
}
