import { statfs } from 'node:fs/promises';
import { faultOf } from '../../ports/fault.ts';
import type { MeasureRoom } from '../../ports/space.ts';

/** The room of the file system that holds a path. */
export function createRoomMeter(path: string): MeasureRoom {
  return async () => {
    try {
      const { bavail, blocks, bsize, ffree, files } = await statfs(path);
      return { bytes: bavail * bsize, totalBytes: blocks * bsize, inodes: ffree, totalInodes: files };
    } catch (error) {
      throw faultOf(error, `room of the file system of ${path}`);
    }
  };
}
