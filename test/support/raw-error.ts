import { getSystemErrorName } from 'node:util';
import { type ErrnoName, meaningOf } from '../../src/ports/errno.ts';

/** An error exactly as Node throws it: a number, and a code that is not a name if Node knows none. */
export function rawError(name: ErrnoName, message: string): NodeJS.ErrnoException {
  const errno = -meaningOf(name).errno;
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${code}: ${message}`), { errno, code, syscall: 'write' });
}
