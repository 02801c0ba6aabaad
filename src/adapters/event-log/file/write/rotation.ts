import type { LogPosition } from '../../../../ports/event-log.ts';
import { isTransient } from '../../../../ports/fault.ts';
import type { WritingOptions } from '../format/writing-options.ts';
import { type ActiveSegment, discardSegment, prepareSegment } from './active-segment.ts';

/** Which segment the next events are taken for. */
export interface Rotation {
  /**
   * The segment for an append after `end`: a new one, where the current one has its size. While the disk has no place
   * for a new one, or one can't be made at present, appends with `reserve` go on in the current one; others throw.
   */
  target(end: LogPosition, reserve: boolean): ActiveSegment;
  /** Forgets the segments that were prepared and not started, and goes back to one that was. */
  rewind(to: ActiveSegment): void;
}

export function createRotation(first: ActiveSegment, options: WritingOptions): Rotation {
  const { segmentBytes, warn } = options;
  let current = first;
  let prepared: ActiveSegment[] = [];
  let crowded = false;

  const isFull = ({ taken, segment }: ActiveSegment) =>
    taken.offset >= segmentBytes && taken.position >= segment.header.first;
  const rotate = ({ position, chainHash }: LogPosition) => {
    const { store } = first.segment.header;
    crowded = true;
    current = prepareSegment({ store, first: position + 1, before: chainHash }, options);
    crowded = false;
    prepared = [...prepared.filter(({ started }) => !started), current];
  };
  return {
    target: (end, reserve) => {
      if (!isFull(current) || (crowded && reserve)) return current;
      try {
        rotate(end);
      } catch (error) {
        if (!reserve || !isTransient(error)) throw error;
      }
      return current;
    },
    rewind: (to) => {
      for (const segment of prepared) if (!segment.started) discardSegment(segment, warn);
      prepared = [];
      to.taken = to.segment.end;
      current = to;
    },
  };
}
