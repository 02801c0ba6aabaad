import { errorText, Fault } from '../../../../ports/fault.ts';

/** The fault for a failed flush or rename, whatever the system's reason: nobody knows any more what is on the disk. */
export function ioFault(error: unknown, what: string): Fault {
  return new Fault('io', `${what}: ${errorText(error)}`, {
    hint: 'look at the kernel log (dmesg) and the disk, then restart the daemon',
    cause: error,
  });
}
