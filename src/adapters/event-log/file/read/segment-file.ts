import { statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isErrno } from '../../../../ports/errno.ts';
import { archivePath, inflated } from '../archive/archive-file.ts';

/** A segment's bytes, wherever they are kept. */
export interface SegmentFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  stat(): Promise<{ readonly size: number }>;
  close(): Promise<void>;
}

/** Opens a segment for reading: the file itself, or its archive where that has taken its place. Rejects as `open` does. */
export async function openSegment(path: string): Promise<SegmentFile> {
  const plain = await open(path, 'r').catch(orMissing);
  return plain ?? archived(path);
}

function orMissing(error: NodeJS.ErrnoException): FileHandle | undefined {
  if (isErrno(error, 'ENOENT')) return undefined;
  throw error;
}

/** A few archives stay in memory as long as they are asked for one after the other. */
const recent = new Map<string, { readonly stamp: string; readonly bytes: Buffer }>();
const mostRecent = 3;

async function archived(path: string): Promise<SegmentFile> {
  const file = archivePath(path);
  const { mtimeMs, size } = statSync(file);
  const stamp = `${mtimeMs} ${size}`;
  const kept = recent.get(file);
  const bytes = kept?.stamp === stamp ? kept.bytes : await inflated(file);
  recent.delete(file);
  recent.set(file, { stamp, bytes });
  for (const oldest of recent.keys()) if (recent.size > mostRecent) recent.delete(oldest);
  return {
    read: async (buffer, offset, length, position) => ({
      bytesRead: bytes.copy(buffer, offset, position, Math.min(bytes.length, position + length)),
    }),
    stat: async () => ({ size: bytes.length }),
    close: async () => {},
  };
}
