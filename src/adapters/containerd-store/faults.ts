import { Fault } from '../../ports/fault.ts';

const untouched = 'nothing was changed';

/** Bytes that no bbolt writes, or that contradict each other. */
export const damaged = (page: number, what: string): Fault =>
  new Fault('corrupt', `page ${page} is damaged: ${what}`, {
    hint: `${untouched}; check the disk (dmesg), restore the file from a backup, or start containerd and remove what it can't read`,
  });

/** A database that is whole, with content that snapledger does not know or can't hold. */
export const unknown = (what: string): Fault =>
  new Fault('unsupported', what, {
    hint: `${untouched}; another program may have written it: let containerd remove it (ctr snapshots rm), or report it`,
  });

/** A file that ends before its last page. */
export const cutOff = (bytes: number, pages: bigint, pageSize: number): Fault =>
  new Fault('corrupt', `cut off: ${bytes} bytes of ${pages} pages of ${pageSize}`, {
    hint: `${untouched}; restore the file from a backup`,
  });
