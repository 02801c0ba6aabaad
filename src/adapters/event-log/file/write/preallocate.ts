import { Fault } from '../../../../ports/fault.ts';

/** Reserves disk blocks for a range of an open file without changing its size. Throws Fault (`no-space`, `unsupported`). */
export type Preallocate = (fd: number, offset: number, bytes: number) => void;

/** The same, but where the file system is unable it says so once and from then on does nothing. */
export function preallocateIfAble(preallocate: Preallocate, warn: (message: string) => void): Preallocate {
  let able = true;
  return (fd, offset, bytes) => {
    if (!able) return;
    try {
      preallocate(fd, offset, bytes);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'unsupported') throw error;
      able = false;
      warn(`no room can be kept in the log for removals on a full disk: ${error.message}`);
    }
  };
}
