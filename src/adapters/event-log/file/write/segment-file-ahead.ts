import { closeSync, fstatSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { segmentName } from '../format/segment.ts';
import type { SegmentOptions } from './active-segment.ts';
import { openFile } from './file-io.ts';
import { createPreallocation, type Preallocation } from './preallocation.ts';
import { createZeroedRoom, type ZeroedRoom } from './zeroed-room.ts';

/** An open file for events, with its space. */
export interface WritableFile {
  readonly path: string;
  readonly fd: number;
  readonly space: Preallocation;
  readonly room: ZeroedRoom;
}

/** Opens a file, or creates it with `w+`. Throws a Fault. */
export function openWritable(path: string, flags: 'w+' | 'r+', options: SegmentOptions): WritableFile {
  const fd = openFile(path, flags);
  const { size } = fstatSync(fd);
  return { path, fd, space: createPreallocation(fd, options), room: createZeroedRoom(path, size) };
}

/** A file that gets its name when its segment starts: one that a crash leaves is deleted by the next start. */
export const unfinished = (path: string) => `${path}.new`;

/** Closes a file that was not started and deletes it. Throws the system's error. */
export function discard({ path, fd, room }: WritableFile): void {
  room.close().catch(() => {});
  closeSync(fd);
  unlinkSync(path);
}

/** Bytes of a new segment's header at most, for which there must be space. */
export const headerBytes = 4096;

/** The file of the segment after the current one, with reserved blocks and zeros: the rotation waits for neither. */
export interface FileAhead {
  /** Makes it in the background, once for each rotation. On a full disk there is none. Never throws. */
  prepare(): void;
  /** Hands it over if it is ready, at a rotation. */
  take(): WritableFile | undefined;
  /** Deletes it. */
  close(): Promise<void>;
}

export function createFileAhead(options: SegmentOptions): FileAhead {
  let asked = false;
  let underWay = false;
  let ready: WritableFile | undefined;
  let making: Promise<void> = Promise.resolve();

  const make = async () => {
    const file = openWritable(unfinished(join(options.directory, segmentName(0))), 'w+', options);
    try {
      file.space.demand(headerBytes, false);
      await file.room.demand(headerBytes);
      ready = file;
    } catch {
      discard(file);
    }
  };
  return {
    prepare: () => {
      if (asked) return;
      asked = true;
      underWay = true;
      making = make()
        .catch(() => {})
        .finally(() => {
          underWay = false;
        });
    },
    take: () => {
      const file = ready;
      ready = undefined;
      asked = underWay;
      return file;
    },
    close: async () => {
      asked = true;
      await making;
      if (ready !== undefined) discard(ready);
    },
  };
}
