const pattern = /^([0-9]{20})\.ckpt$/;

/** A checkpoint's file name: its position in 20 digits, so that names sort as positions do. */
export function checkpointName(position: number): string {
  return `${String(position).padStart(20, '0')}.ckpt`;
}

/** Whether a file name is that of a whole checkpoint. */
export function isCheckpointName(name: string): boolean {
  return pattern.test(name);
}

/** What a checkpoint is called until it is whole. */
export const unfinishedSuffix = '.new';

/** Whether a file is what a crash left of a checkpoint. */
export function isUnfinishedName(name: string): boolean {
  return name.endsWith(`.ckpt${unfinishedSuffix}`);
}
