import { closeSync, openSync, readSync } from 'node:fs';
import { faultOf } from '../../../ports/fault.ts';

/** Larger strings and buffers have memory of their own each, whose first touch costs more than their content. */
const partBytes = 96 * 1024;
const lineFeed = 0x0a;

/**
 * Whole lines of a file between two bytes, in order, a part at a time, all in one piece of memory: a part is gone when the
 * next one is asked for. Where the file ends early, or in the middle of a line, so does the last part. Reads at once, without
 * a turn of the event loop. Throws a Fault where the file can't be read.
 */
export function* linesInFile(path: string, from: number, to: number): Generator<Buffer> {
  try {
    const fd = openSync(path, 'r');
    try {
      yield* linesIn(fd, from, to);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

function* linesIn(fd: number, from: number, to: number): Generator<Buffer> {
  let buffer = Buffer.allocUnsafe(partBytes);
  let held = 0;
  for (let at = from; ; ) {
    const length = Math.min(buffer.length - held, to - at);
    const read = length > 0 ? readSync(fd, buffer, held, length, at) : 0;
    at += read;
    held += read;
    if (read === 0) break;
    const end = buffer.subarray(0, held).lastIndexOf(lineFeed) + 1;
    if (end > 0) yield buffer.subarray(0, end);
    else buffer = Buffer.concat([buffer], buffer.length * 2);
    buffer.copyWithin(0, end, held);
    held -= end;
  }
  if (held > 0) yield buffer.subarray(0, held);
}
