import type { Kind, Labels } from '../../events/codecs.ts';

/** A snapshot as containerd's own snapshotters record it in their `metadata.db`. */
export interface StoredSnapshot {
  /** names its directory, from 1 up */
  readonly id: number;
  readonly key: string;
  readonly kind: Kind;
  /** the parent's name, empty for none */
  readonly parent: string;
  /** without empty values */
  readonly labels: Labels;
  /** nanoseconds since 1970 UTC */
  readonly created: bigint;
  readonly updated: bigint;
  /** what a commit measured; null for an active and a view */
  readonly usage: { readonly bytes: number; readonly inodes: number } | null;
}

export interface MetadataContent {
  /** the last id that was assigned, of snapshots that were removed too; 0 for none */
  readonly lastId: number;
  /** sorted by the bytes of their keys if read; in any order if written */
  readonly snapshots: readonly StoredSnapshot[];
}

/** The bytes of a database, for the record. */
export interface FileDigest {
  readonly bytes: number;
  /** SHA-256 of the file, 64 lower-case hex digits */
  readonly sha256: string;
}

/** What a database contains: a tree of buckets. */
export interface Bucket {
  readonly sequence: bigint;
  /** sorted by the bytes of their keys if read; in any order if written */
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer | Bucket;
  /** the page that it was read from */
  readonly page?: number;
}

/** A database that was read completely. No containerd can open it until it is released. */
export interface OpenDatabase extends FileDigest {
  readonly pageSize: number;
  /** the number of the transaction that wrote this state */
  readonly transaction: bigint;
  release(): Promise<void>;
}

/**
 * The databases of containerd, as bbolt keeps them.
 *
 * Those that open lock a file and read all of it; it is never changed. They reject with a Fault: `missing`; `busy` if a running
 * containerd has it open; `corrupt`, with the number of the damaged page; `unsupported` for another format version, or content
 * that snapledger can't hold.
 *
 * Those that write put a new file in place of the one with that name, with its mode and owner (0600 if there is none). The reader
 * has accepted its bytes before. They resolve when it is on stable storage; a crash leaves the old file or the new one, and
 * possibly an unfinished one with `.new` appended. They reject with a Fault: `unsupported` for a key that is too long, `corrupt`
 * for content that contradicts itself.
 */
export interface ContainerdDatabases {
  openBuckets(path: string): Promise<OpenDatabase & { readonly root: Bucket }>;
  writeBuckets(path: string, root: Bucket): Promise<FileDigest>;
  /** A snapshotter's `metadata.db`. An id or size above 2^53, text that is not UTF-8, and unknown buckets and fields are `unsupported`. */
  openMetadata(path: string): Promise<OpenDatabase & { readonly content: MetadataContent }>;
  writeMetadata(path: string, content: MetadataContent): Promise<FileDigest>;
}
