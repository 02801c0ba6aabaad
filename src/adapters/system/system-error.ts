import { constants } from 'node:os';

const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));

/** The error that Node would throw for an errno of a system call. */
export function systemError(errno: number, call: string): NodeJS.ErrnoException {
  const code = names.get(errno) ?? `errno ${errno}`;
  return Object.assign(new Error(`${call} failed: ${code}`), { code, errno: -errno, syscall: call });
}
