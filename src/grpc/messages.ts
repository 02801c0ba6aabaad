import type { Kind, Labels } from '../../events/codecs.ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Mount, Usage } from '../ports/volume-driver.ts';
import { maxMessageBytes } from './framing.ts';
import { encodeInfoResponse, encodeMountsResponse, methodOf } from './protocol.ts';

/** What containerd asks, by the names of `protocol.ts`. All fields are there, absent ones with their default. */
export interface KeyRequest {
  readonly key: string;
}

export interface OpenRequest extends KeyRequest {
  readonly parent: string;
  readonly labels: Labels;
}

export interface CommitRequest extends OpenRequest {
  readonly name: string;
}

export interface UpdateRequest {
  readonly info: { readonly name: string; readonly labels: Labels } | null;
  readonly updateMask: { readonly paths: readonly string[] } | null;
}

export interface ListRequest {
  readonly filters: readonly string[];
}

/** What containerd is answered. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanos: number;
}

export interface Info {
  readonly name: string;
  readonly parent: string;
  readonly kind: number;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly labels: Labels;
}

export interface MountsResponse {
  readonly mounts: readonly Mount[];
}

export interface InfoResponse {
  readonly info: Info;
}

export interface UsageResponse {
  readonly size: number;
  readonly inodes: number;
}

const kinds: Readonly<Record<Kind, number>> = { view: 1, active: 2, committed: 3 };

/** A snapshot on the wire; times are exact to the nanosecond. */
export function infoOf({ key, parent, kind, created, updated, labels }: Snapshot): Info {
  const createdAt = timestampOf(created);
  const updatedAt = updated === created ? createdAt : timestampOf(updated);
  return { name: key, parent, kind: kinds[kind], createdAt, updatedAt, labels };
}

const second = 1_000_000_000n;

function timestampOf(time: bigint): Timestamp {
  return { seconds: Number(time / second), nanos: Number(time % second) };
}

/** Bytes of the wire, made once for each value and kept as long as that lives. */
function keptFor<T extends object>(encode: (value: T) => Buffer): (value: T) => Buffer {
  const encoded = new WeakMap<T, Buffer>();
  return (value) => {
    const known = encoded.get(value);
    if (known !== undefined) return known;
    const bytes = encode(value);
    encoded.set(value, bytes);
    return bytes;
  };
}

/** The label that a snapshot is shown with whose own labels fit into no message. */
const labelsLeftOut = 'snapledger/labels-left-out';

/**
 * A snapshot as Stat answers it. One that a store of an earlier release gave more labels than fit into a message is shown
 * without them: a client can then still list the store, and remove the snapshot or replace its labels.
 */
export const encodeInfo = keptFor((snapshot: Snapshot) => {
  const bytes = encodeInfoResponse({ info: infoOf(snapshot) });
  if (bytes.length <= maxMessageBytes) return bytes;
  const labels = { [labelsLeftOut]: `${Object.keys(snapshot.labels).length} labels, larger than a message` };
  return encodeInfoResponse({ info: infoOf({ ...snapshot, labels }) });
});

/** Mounts as Prepare, View and Mounts answer them. */
export const encodeMounts = keptFor((mounts: readonly Mount[]) => encodeMountsResponse({ mounts }));

export const encodeUsage = ({ bytes, inodes }: Usage): Buffer =>
  methodOf('Usage').responseSerialize({ size: bytes, inodes });

const nothing = methodOf('Commit').responseSerialize({});

/** The answer to Commit, Remove and Cleanup. */
export const encodeEmpty = (): Buffer => nothing;
