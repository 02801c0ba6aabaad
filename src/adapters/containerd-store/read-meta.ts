import { Fault } from '../../ports/fault.ts';
import {
  metaFields as at,
  magic,
  metaBytes,
  metaChecksum,
  pageFlags,
  pageHeader,
  pageSizes,
  version,
} from './bolt-format.ts';
import { cutOff, unknown } from './faults.ts';

/** The state that the newest transaction left. */
export interface Meta {
  readonly pageSize: number;
  /** the root bucket's page, and its sequence */
  readonly root: bigint;
  readonly sequence: bigint;
  readonly freelist: bigint;
  /** no page from this number on is in use */
  readonly highWater: bigint;
  readonly transaction: bigint;
}

/**
 * The newer of the two meta pages. If one is damaged, bbolt goes on with the other and so forgets the last transaction, unless
 * the damaged one is older: which of them is can't be known. Here both must be whole.
 */
export function readMeta(file: Buffer): Meta {
  const pageSize = findPageSize(file);
  if (file.length < 2 * pageSize) throw cutOff(file.length, 2n, pageSize);
  const [first, second] = [metaOf(file, 0, pageSize), metaOf(file, 1, pageSize)];
  return second.transaction > first.transaction ? second : first;
}

/** As page 0 says. If that page is damaged, page 1 shows whether this is a database at all. */
function findPageSize(file: Buffer): number {
  if (isWhole(file, 0)) {
    const pageSize = file.readUInt32LE(pageHeader + at.pageSize);
    if (pageSizes.includes(pageSize)) return pageSize;
    throw unknown(`pages of ${pageSize} bytes`);
  }
  const pageSize = pageSizes.find((size) => isWhole(file, size));
  if (pageSize !== undefined) return pageSize;
  const begin = file.subarray(0, 24).toString('hex');
  throw new Fault(
    'corrupt',
    begin === '' ? 'empty' : `no bbolt database, or both meta pages are damaged: it begins with ${begin}`,
    {
      hint: 'name the directory of a containerd snapshotter that has been used; restore metadata.db from a backup if this is one',
    },
  );
}

const fieldsAt = (file: Buffer, start: number) => file.subarray(start + pageHeader, start + pageHeader + metaBytes);

/** Whether a meta page begins there: its checksum fits. */
function isWhole(file: Buffer, start: number): boolean {
  const fields = fieldsAt(file, start);
  return (
    fields.length === metaBytes &&
    fields.readUInt32LE(at.magic) === magic &&
    fields.readBigUInt64LE(at.checksum) === metaChecksum(fields)
  );
}

function metaOf(file: Buffer, page: number, pageSize: number): Meta {
  const start = page * pageSize;
  const header = Buffer.alloc(pageHeader);
  header.writeUInt32LE(page, 0);
  header.writeUInt16LE(pageFlags.meta, 8);
  if (!isWhole(file, start) || !header.equals(file.subarray(start, start + pageHeader)))
    throw damagedMeta(page, 'its checksum or header does not fit');
  const fields = fieldsAt(file, start);
  const [found, flags] = [fields.readUInt32LE(at.version), fields.readUInt32LE(at.flags)];
  if (found !== version || flags !== 0) throw unknown(`bbolt format version ${found}, flags ${flags}`);
  if (fields.readUInt32LE(at.pageSize) !== pageSize) throw damagedMeta(page, 'the two differ in their page size');
  return {
    pageSize,
    root: fields.readBigUInt64LE(at.root),
    sequence: fields.readBigUInt64LE(at.sequence),
    freelist: fields.readBigUInt64LE(at.freelist),
    highWater: fields.readBigUInt64LE(at.highWater),
    transaction: fields.readBigUInt64LE(at.transaction),
  };
}

const damagedMeta = (page: number, what: string) =>
  new Fault('corrupt', `meta page ${page} is damaged: ${what}`, {
    hint: `nothing was changed. containerd reads the other meta page, which may lack the last change, and writes this one anew: start containerd, check its snapshots, pull or remove an image, stop it, and try again`,
  });
