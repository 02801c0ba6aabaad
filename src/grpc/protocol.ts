import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';
import type { InfoResponse, MountsResponse } from './messages.ts';

/**
 * containerd's snapshots service (`containerd.services.snapshots.v1`) as far as it is on the wire: names, numbers, types.
 * Written as protobuf.js reads it, so that no file has to be found at run time. Field numbers never change.
 */

interface Field {
  readonly type: string;
  readonly id: number;
  readonly rule?: 'repeated';
  readonly keyType?: 'string';
}

const text = (id: number): Field => ({ type: 'string', id });
const texts = (id: number): Field => ({ rule: 'repeated', type: 'string', id });
const labels = (id: number): Field => ({ keyType: 'string', type: 'string', id });
const int64 = (id: number): Field => ({ type: 'int64', id });
const one = (type: string, id: number): Field => ({ type, id });
const many = (type: string, id: number): Field => ({ rule: 'repeated', type, id });
const message = (fields: Readonly<Record<string, Field>>) => ({ fields });
const call = (requestType: string, responseType: string) => ({ requestType, responseType, comment: '' });
const inside = <T>(nested: T) => ({ nested });

const empty = 'google.protobuf.Empty';
const mounts = message({ mounts: many('containerd.types.Mount', 1) });
const infoAnswer = message({ info: one('Info', 1) });
const keyRequest = message({ snapshotter: text(1), key: text(2) });
const openRequest = message({ snapshotter: text(1), key: text(2), parent: text(3), labels: labels(4) });

const snapshots = {
  Snapshots: {
    methods: {
      Prepare: call('PrepareSnapshotRequest', 'PrepareSnapshotResponse'),
      View: call('ViewSnapshotRequest', 'ViewSnapshotResponse'),
      Mounts: call('MountsRequest', 'MountsResponse'),
      Commit: call('CommitSnapshotRequest', empty),
      Remove: call('RemoveSnapshotRequest', empty),
      Stat: call('StatSnapshotRequest', 'StatSnapshotResponse'),
      Update: call('UpdateSnapshotRequest', 'UpdateSnapshotResponse'),
      List: { ...call('ListSnapshotsRequest', 'ListSnapshotsResponse'), responseStream: true },
      Usage: call('UsageRequest', 'UsageResponse'),
      Cleanup: call('CleanupRequest', empty),
    },
  },
  PrepareSnapshotRequest: openRequest,
  PrepareSnapshotResponse: mounts,
  ViewSnapshotRequest: openRequest,
  ViewSnapshotResponse: mounts,
  MountsRequest: keyRequest,
  MountsResponse: mounts,
  RemoveSnapshotRequest: keyRequest,
  // parent came with containerd 2.2
  CommitSnapshotRequest: message({
    snapshotter: text(1),
    name: text(2),
    key: text(3),
    labels: labels(4),
    parent: text(5),
  }),
  StatSnapshotRequest: keyRequest,
  StatSnapshotResponse: infoAnswer,
  Kind: { values: { UNKNOWN: 0, VIEW: 1, ACTIVE: 2, COMMITTED: 3 } },
  Info: message({
    name: text(1),
    parent: text(2),
    kind: one('Kind', 3),
    createdAt: one('google.protobuf.Timestamp', 4),
    updatedAt: one('google.protobuf.Timestamp', 5),
    labels: labels(6),
  }),
  UpdateSnapshotRequest: message({
    snapshotter: text(1),
    info: one('Info', 2),
    updateMask: one('google.protobuf.FieldMask', 3),
  }),
  UpdateSnapshotResponse: infoAnswer,
  ListSnapshotsRequest: message({ snapshotter: text(1), filters: texts(2) }),
  ListSnapshotsResponse: message({ info: many('Info', 1) }),
  UsageRequest: keyRequest,
  UsageResponse: message({ size: int64(1), inodes: int64(2) }),
  CleanupRequest: message({ snapshotter: text(1) }),
};

const types = { Mount: message({ type: text(1), source: text(2), target: text(3), options: texts(4) }) };

const wellKnown = {
  Empty: message({}),
  FieldMask: message({ paths: texts(1) }),
  Timestamp: message({ seconds: int64(1), nanos: one('int32', 2) }),
};

const root = {
  nested: {
    containerd: inside({ services: inside({ snapshots: inside({ v1: inside(snapshots) }) }), types: inside(types) }),
    google: inside({ protobuf: inside(wellKnown) }),
  },
};

/** The service's full name, as health checks ask for it. */
export const serviceName = 'containerd.services.snapshots.v1.Snapshots';

/** Requests come with every field set; numbers of 64 bits as decimal strings. */
export const snapshotsService = fromJSON(root, { longs: String, defaults: true })[serviceName] as ServiceDefinition;

/** The answer to Stat about a snapshot, in the bytes of the wire. */
export function encodeInfoResponse(response: InfoResponse): Buffer {
  return methodOf('Stat').responseSerialize(response);
}

/** The answer to Prepare, View and Mounts, in the bytes of the wire. */
export function encodeMountsResponse(response: MountsResponse): Buffer {
  return methodOf('Mounts').responseSerialize(response);
}

/** A method of the service: its path, and what its messages are made and read by. */
export function methodOf(name: string): ServiceDefinition[string] {
  const method = snapshotsService[name];
  if (method === undefined) throw new TypeError(`the service has no method ${name}`);
  return method;
}
