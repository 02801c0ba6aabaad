/**
 * The layout of a bbolt file: pages of one size, little-endian. A bucket is a B+tree of pages, or inline in its parent's page.
 * Source: go.etcd.io/bbolt 1.3.6 to 1.5.0, page.go, db.go (meta) and bucket.go.
 */
export const magic = 0xed0cdaed;
export const version = 2;

/** A page's header: id u64, flags u16, count u16, overflow u32 (further pages that it extends over). */
export const pageHeader = 16;
export const pageFlags = { branch: 1, leaf: 2, meta: 4, freelist: 16 } as const;

/** An element of a leaf page: flags u32, position u32 (from the element), key size u32, value size u32. */
export const leafElement = 16;
/** An element of a branch page: position u32, key size u32, page u64. */
export const branchElement = 16;
/** Flag of a leaf's element whose value is a bucket. */
export const bucketFlag = 1;

/** A bucket's value: root page u64 (0: an inline page follows), sequence u64. */
export const bucketHeader = 16;
/** A bucket without buckets is inline if its page takes no more than this part of a page. */
export const inlineShare = 4;

/** Byte positions in a meta page, after its header. */
export const metaFields = {
  ...{ magic: 0, version: 4, pageSize: 8, flags: 12, root: 16, sequence: 24 },
  ...{ freelist: 32, highWater: 40, transaction: 48, checksum: 56 },
} as const;
export const metaBytes = 64;

/** The freelist's page in a database that keeps none: it is the pages that nothing uses. */
export const noFreelist = 0xffff_ffff_ffff_ffffn;
/** The count of a page whose first u64 is the count. */
export const countFollows = 0xffff;

export const maxKeyBytes = 32_768;
export const pageSizes: readonly number[] = [4096, 8192, 16_384, 32_768, 65_536];

const half = 2 ** 32;

/** FNV-1a, 64 bits, of the fields before the checksum. Its prime is 2^40 + 0x1b3; the halves stay exact in a double. */
export function metaChecksum(fields: Buffer): bigint {
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (const byte of fields.subarray(0, metaFields.checksum)) {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * 0x1b3;
    high = (high * 0x1b3 + mixed * 0x100 + Math.floor(product / half)) % half;
    low = product % half;
  }
  return BigInt(high) * BigInt(half) + BigInt(low);
}
