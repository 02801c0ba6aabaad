import { readFileSync } from 'node:fs';

/**
 * The kernel's boot id: another one than at the last opening tells a power cut from a crash. Tests that cut the power of
 * a loop device alone say so with SNAPLEDGER_BOOT_ID.
 */
export function bootId(): string {
  return process.env.SNAPLEDGER_BOOT_ID ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
