import { statfsSync } from 'node:fs';
import { runCommandSync } from './run-command.ts';

/** Source: linux/magic.h */
const btrfs = 0x9123683e;

/**
 * Asks that files made in a directory from now on be written in place. btrfs else writes every changed block to a new one, and
 * on a full disk there is none: blocks reserved for a file are no help for the block that it ends in. Other file systems do
 * so anyway. Answers in words why it can't be had.
 */
export function writeInPlace(directory: string): string | undefined {
  if (statfsSync(directory).type !== btrfs) return undefined;
  // A full disk refuses the attribute even where it is there.
  if (/^\S*C/.test(runCommandSync('lsattr', ['-d', directory]).output)) return undefined;
  const { status, errors } = runCommandSync('chattr', ['+C', directory]);
  return status === 0 ? undefined : `${directory}: files in it can't be written in place: ${errors}`;
}
