import type { Gone } from '../ports/event-log.ts';

// What the commands report that check, repair, move or copy a whole store.

/** A log after every byte of its files was checked. */
export interface LogReport {
  readonly store: string;
  readonly segments: number;
  readonly records: number;
  readonly bytes: number;
  /** of the last complete record */
  readonly position: number;
  /** bytes after the last complete record: a write in progress, or one torn by a crash */
  readonly torn: number;
  /** position and kind of each damage, and what to do */
  readonly damage: readonly { readonly text: string; readonly hint: string }[];
  /** positions left out by a repair */
  readonly gaps: readonly { readonly file: string; readonly first: number; readonly last: number }[];
  /** archives moved away */
  readonly gone?: Gone | undefined;
}

/** A part of a log that a repair loses. */
export interface LossReport {
  readonly done: 'rebuilt' | 'bridged' | 'truncated';
  /** file, byte, position, what is wrong, what is done about it */
  readonly text: string;
  readonly first: number;
  readonly last: number;
  /** lost events that can still be read */
  readonly records: readonly LostRecord[];
  /** how many of the positions are unreadable */
  readonly unreadable: number;
}

interface LostRecord {
  readonly position: number;
  readonly type: string;
  readonly id: number | null;
  readonly about: string;
}

/** What a repair did, or would do. */
export interface RepairReport {
  readonly losses: readonly LossReport[];
  /** directory of the damaged originals, relative to the root; empty if there is nothing to repair */
  readonly kept: string;
  /** files kept there, relative to the root: those that are changed or removed */
  readonly changed: readonly string[];
  /** snapshot ids up to this are not reused */
  readonly lastId: number;
  /** an interrupted repair was found */
  readonly again: boolean;
}

/** An export that was written, or read: then `bytes` is 0. */
export interface TransferReport {
  readonly file: string;
  readonly root: string;
  readonly store: string;
  readonly driver: string;
  readonly position: number;
  readonly volumes: boolean;
  readonly bytes: number;
  /** sockets in the layers, which no archive can contain; paths relative to the snapshot's layer */
  readonly leftOut: readonly { readonly snapshot: number; readonly path: string }[];
}

export interface MoveOptions {
  readonly before: number;
  readonly to: string;
  readonly dryRun: boolean;
}

/** Moved archives and their positions. */
export interface MovedArchives {
  readonly first: number;
  readonly last: number;
  readonly to: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** A segment that was compressed, or would be; `after` is 0 then. */
export interface ArchivedSegment {
  readonly segment: string;
  readonly first: number;
  readonly last: number;
  readonly before: number;
  readonly after: number;
}
