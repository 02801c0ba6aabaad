/** A position that was asked for is not in the log any more, or was lost. */
export class PositionGone extends Error {
  /** the first position after it that is there */
  readonly first: number;

  constructor(position: number, first: number) {
    super(`position ${position} is gone: the first one after it is ${first}`);
    this.name = 'PositionGone';
    this.first = first;
  }
}
