import type { Kind, Labels } from '../../events/codecs.ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Mount } from '../ports/volume-driver.ts';

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
