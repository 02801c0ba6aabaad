import type { Fault } from './fault.ts';

/** Checks that the directories of a store still exist, and are the ones that were opened. */
export interface RootGuard {
  /**
   * The fault if the store must not be used at present, else undefined: the root, or a directory below it, is not the one that
   * was opened (mounted over, unmounted, moved, deleted), or is read-only. Cheap enough for every change: an answer may be a
   * millisecond old. Never throws.
   */
  check(): Fault | undefined;
  /** As check, but never older than the call: after reading something that is recorded. */
  checkNow(): Fault | undefined;
  /** As check, but always checks everything: before acting on the results of a scan. */
  checkFully(): Fault | undefined;
}

/** Throws the Fault of a root that must not be used at present. */
export function expectRoot(root: RootGuard | undefined): void {
  const fault = root?.check();
  if (fault !== undefined) throw fault;
}

/** Throws the Fault of a root that is not the opened one any more, so that what was just read of it counts for nothing. */
export function expectRootNow(root: RootGuard): void {
  const fault = root.checkNow();
  if (fault !== undefined) throw fault;
}

/** Throws the Fault of a root that changed, so that the results of the last scan are invalid. */
export function expectSameRoot(root: RootGuard): void {
  const fault = root.checkFully();
  if (fault !== undefined) throw fault;
}
