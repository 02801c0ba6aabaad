import type { SegmentFile } from './segment-file.ts';

/** A few hundred events: their verification and decoding takes a few milliseconds, within which nothing else runs. */
const blockBytes = 192 * 1024;
const lineFeed = 0x0a;

/**
 * Bytes of a file from `from` on, ending with a whole line; or all up to `to` where no line ends before that. Shorter
 * than asked for, or empty, only where the file itself is.
 */
export async function readLines(handle: SegmentFile, from: number, to: number): Promise<Buffer> {
  for (let size = blockBytes; ; size *= 4) {
    const block = await readBytes(handle, from, Math.min(size, to - from));
    const end = block.lastIndexOf(lineFeed) + 1;
    if (end > 0) return block.subarray(0, end);
    if (block.length < size) return block;
  }
}

/** Up to `length` bytes of a file from `from` on; fewer only at its end. */
export async function readBytes(handle: SegmentFile, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(buffer, read, length - read, from + read);
    if (bytesRead === 0) return buffer.subarray(0, read);
    read += bytesRead;
  }
  return buffer;
}
