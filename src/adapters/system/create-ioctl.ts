import { endianness } from 'node:os';
import { loadNativeCalls } from './native-calls.ts';
import { systemError } from './system-error.ts';

/**
 * ioctl(2) off the main thread: resolves when the kernel is done and may then have written into the argument; rejects
 * with the error that Node would give. Undefined where native calls can't be loaded, or where the machine's numbers are
 * big-endian, which nobody has tried.
 */
export function createIoctl(): ((fd: number, request: number, argument: Buffer) => Promise<void>) | undefined {
  const calls = endianness() === 'LE' ? loadNativeCalls() : undefined;
  if (calls === undefined) return undefined;
  return async (fd, request, argument) => {
    const errno = await calls.ioctl(fd, request, argument);
    if (errno !== 0) throw systemError(errno, 'ioctl');
  };
}
