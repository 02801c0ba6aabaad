const pattern = /^[0-9]{20}\.ckpt$/;
const basePattern = /^[0-9]{20}\.base$/;

/** A checkpoint's file name: its position in 20 digits, so that names sort as positions do. */
export function checkpointName(position: number): string {
  return `${String(position).padStart(20, '0')}.ckpt`;
}

/** Whether a file name is that of a whole checkpoint. */
export function isCheckpointName(name: string): boolean {
  return pattern.test(name);
}

/** Whether a file name is that of a checkpoint which a repair put into the log directory, for good. */
export function isBaseName(name: string): boolean {
  return basePattern.test(name);
}

/** Whether a checkpoint of a position may have this name, as a checkpoint or as a base. */
export function isNamedFor(name: string, position: number): boolean {
  return name.replace(/\.base$/, '.ckpt') === checkpointName(position);
}

/** The position that the name of a checkpoint or a base tells. */
export function positionOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** What a checkpoint is called until it is whole. */
export const unfinishedSuffix = '.new';

/** Whether a file is what a crash left of a checkpoint. */
export function isUnfinishedName(name: string): boolean {
  return name.endsWith(`.ckpt${unfinishedSuffix}`);
}
