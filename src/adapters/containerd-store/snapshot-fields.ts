import type { Kind } from '../../../events/codecs.ts';
import { uvarint } from './go-values.ts';

/**
 * Buckets and fields of containerd's metastore: v1/snapshots (its sequence is the last id) has a bucket for each snapshot,
 * v1/parents the links from parents to children. Source: containerd 1.6.20 and 2.4, snapshots/storage/bolt.go and
 * metadata/boltutil/helpers.go.
 */
export const buckets = { version: 'v1', snapshots: 'snapshots', parents: 'parents', labels: 'labels' } as const;

export const fields = {
  ...{ id: 'id', kind: 'kind', parent: 'parent', created: 'createdat', updated: 'updatedat' },
  ...{ inodes: 'inodes', bytes: 'size' },
} as const;

/** A kind is one byte. */
const kinds: readonly Kind[] = ['view', 'active', 'committed'];
export const kindByte = (kind: Kind): Buffer => Buffer.from([kinds.indexOf(kind) + 1]);
export const kindOf = (bytes: Buffer): Kind | undefined =>
  bytes.length === 1 ? kinds[bytes.readUInt8(0) - 1] : undefined;

/** The key of a link from a parent to a child; its value is the child's key. */
export const linkKey = (parent: number, child: number): Buffer =>
  Buffer.concat([uvarint(parent), Buffer.alloc(1), uvarint(child)]);
