import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, unlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Failpoint } from '../../../../ports/failpoints.ts';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';
import { formatHeader, type Header } from '../format/header.ts';
import { ioFault } from '../format/io-fault.ts';
import { createSegment, type Segment } from '../format/segment.ts';
import type { WritingOptions } from '../format/writing-options.ts';
import type { Cursor } from './cursor.ts';
import { syncData, syncFile, writeAt } from './file-calls.ts';
import { createRoom, type Room, type RoomOptions } from './preallocation.ts';

/** A segment that events are written into, now or soon. */
export interface ActiveSegment {
  readonly segment: Segment;
  readonly fd: number;
  readonly room: Room;
  /** the place after the last event that was taken for it, durable or not */
  taken: Cursor;
  /** its header is durable and it has its name */
  started: boolean;
}

/** A segment has its name only when its header is durable: one without a whole header is damaged, never unfinished. */
const unfinished = (path: string) => `${path}.new`;
export const unfinishedName = /^[0-9]{20}\.log(\.gz\.[0-9]+)?\.new$/;

const ownerOnly = 0o600;

/**
 * Makes the file of a coming segment with room for its header and the reserve; throws a Fault and leaves nothing. What stands under its
 * name was put there by another, and is not replaced.
 */
export function prepareSegment(
  values: Pick<Header, 'store' | 'first' | 'before'>,
  options: WritingOptions,
): ActiveSegment {
  const { header } = formatHeader(values);
  const segment = createSegment(options.directory, header);
  if (existsSync(segment.path))
    throw new Fault('busy', `log segment ${segment.path}: something has its name already`, {
      hint: 'move it out of the way: it is not of this log',
    });
  const fd = openFile(unfinished(segment.path), 'w');
  const room = createRoom(fd, options);
  const active = { segment, fd, room, taken: segment.end, started: false };
  try {
    room.demand(header.bytes, false);
  } catch (error) {
    discardSegment(active, options.warn);
    throw error;
  }
  return active;
}

function openFile(path: string, flags: 'r' | 'w' | 'r+'): number {
  try {
    return openSync(path, flags, ownerOnly);
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

/**
 * Makes a prepared segment part of the log, on stable storage. Rejects with a transient fault only while it is not yet part of
 * it: whatever can run out is there before it gets its name, the directory's descriptor included.
 */
export async function startSegment(active: ActiveSegment, failpoint: Failpoint): Promise<void> {
  const directory = openFile(dirname(active.segment.path), 'r');
  try {
    await nameSegment(active, directory, failpoint);
  } finally {
    closeSync(directory);
  }
  active.started = true;
}

async function nameSegment({ segment, fd }: ActiveSegment, directory: number, failpoint: Failpoint): Promise<void> {
  const path = unfinished(segment.path);
  try {
    failpoint('log.rotate');
    await writeAt(fd, Buffer.from(formatHeader(segment.header).text), 0);
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
  await syncData(fd).catch(failed(path));
  await rename(path, segment.path).catch((error) => {
    throw faultOf(error, `log segment ${path}`);
  });
  await syncFile(directory).catch(failed(path));
}

const failed = (path: string) => (error: unknown) => {
  throw ioFault(error, `log segment ${path}`);
};

/** Goes on with the last segment of a log. */
export function continueSegment(segment: Segment, options: RoomOptions): ActiveSegment {
  const fd = openFile(segment.path, 'r+');
  const room = createRoom(fd, options);
  room.restore(segment.end.offset);
  return { segment, fd, room, taken: segment.end, started: true };
}

/** Gives up a segment that was not started. Never throws: what stays is removed when the log is opened again. */
export function discardSegment({ segment, fd }: ActiveSegment, warn: (message: string) => void): void {
  const path = unfinished(segment.path);
  try {
    closeSync(fd);
    unlinkSync(path);
  } catch (error) {
    warn(`log segment ${path} can't be removed: ${errorText(error)}`);
  }
}

/** Closes a segment after its last event and gives its unused room back to the disk. */
export function leaveSegment({ segment, fd }: ActiveSegment, warn: (message: string) => void): void {
  try {
    ftruncateSync(fd, segment.end.offset);
  } catch (error) {
    warn(`log segment ${segment.path} keeps unused room: ${errorText(error)}`);
  }
  closeSync(fd);
}

/**
 * Cuts off what a failed write left after the last durable event, durably, and takes the room there again. To cut takes a
 * little space itself: rejects with `no-space`, and can then be called again.
 */
export async function cutBack({ segment: { end, path }, fd, room }: ActiveSegment): Promise<void> {
  if (fstatSync(fd).size === end.offset) return;
  try {
    ftruncateSync(fd, end.offset);
  } catch (error) {
    throw faultOf(error, `log segment ${path}: cutting it at byte ${end.offset}`);
  }
  room.restore(end.offset);
  await syncData(fd);
}
