export interface KeptCheckpoint {
  readonly position: number;
  readonly bytes: number;
}

/** A start needs these. */
const newest = 2;
/** Of older ones, for looking back: so many, and so many bytes together. */
const older = 32;
const olderBytes = 128 * 1024 * 1024;

/**
 * Positions of the checkpoints that may go, given all in ascending order. Of the older ones those go whose neighbours lie
 * closest together, so that what is kept stays spread over the whole log: with 32, no stretch between two is much longer than
 * a sixteenth of it.
 */
export function superfluous(all: readonly KeptCheckpoint[]): readonly number[] {
  const kept = [...all];
  const gone: number[] = [];
  while (tooMany(kept.slice(0, -newest))) {
    const at = leastMissed(kept);
    gone.push(...kept.splice(at, 1).map(({ position }) => position));
  }
  return gone;
}

const tooMany = (kept: readonly KeptCheckpoint[]) =>
  kept.length > older || kept.reduce((sum, { bytes }) => sum + bytes, 0) > olderBytes;

/** The older checkpoint without which the stretch between its neighbours is the shortest. */
function leastMissed(kept: readonly KeptCheckpoint[]): number {
  const stretches = kept
    .slice(0, -newest)
    .map((_, at) => (kept[at + 1]?.position ?? 0) - (kept[at - 1]?.position ?? 0));
  return stretches.indexOf(Math.min(...stretches));
}
