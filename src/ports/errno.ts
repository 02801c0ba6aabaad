import type { FaultCode } from './fault.ts';

/** The meaning of an error of the operating system, from any source. */
interface Meaning {
  readonly errno: number;
  /** how commands print it (LC_ALL=C) */
  readonly printed: RegExp;
  /** left out if the meaning depends on the operation */
  readonly fault?: FaultCode;
  /** what the operator can do, unless that depends on the operation */
  readonly hint?: string;
}

const fsck = 'stop the daemon, unmount the file system and check it (fsck, xfs_repair, btrfs check)';

/**
 * The one table of errors. Node has no name for some of the numbers (EDQUOT, ESTALE, EUCLEAN and EBADMSG arrive as `Unknown
 * system error -122` and so on), so numbers are compared and names are not.
 * Source: asm-generic/errno-base.h and asm-generic/errno.h.
 */
const meanings = {
  ENOSPC: {
    errno: 28,
    printed: /No space left/i,
    fault: 'no-space',
    hint: 'free space: remove snapshots or grow the file system',
  },
  EDQUOT: {
    errno: 122,
    printed: /quota exceeded/i,
    fault: 'no-space',
    hint: 'a disk quota is used up: remove snapshots, or raise the limit (btrfs qgroup limit, xfs_quota, setquota)',
  },
  EROFS: {
    errno: 30,
    printed: /Read-only file system/i,
    fault: 'read-only',
    hint: 'mount the file system read-write; dmesg says why if the kernel made it read-only',
  },
  ESTALE: {
    errno: 116,
    printed: /Stale file handle/i,
    fault: 'stale',
    hint: 'mount the file system again, then restart the daemon',
  },
  EUCLEAN: { errno: 117, printed: /Structure needs cleaning/i, fault: 'corrupt', hint: fsck },
  EBADMSG: { errno: 74, printed: /Bad message/i, fault: 'corrupt', hint: fsck },
  EIO: { errno: 5, printed: /Input\/output error/i, fault: 'io' },
  ENFILE: {
    errno: 23,
    printed: /Too many open files in system/i,
    fault: 'exhausted',
    hint: 'the machine has no more file descriptors: raise fs.file-max (sysctl), or end what holds them',
  },
  EMFILE: {
    errno: 24,
    printed: /Too many open files/i,
    fault: 'exhausted',
    hint: 'the process has no more file descriptors: raise LimitNOFILE in the unit file (ulimit -n)',
  },
  ENOMEM: {
    errno: 12,
    printed: /Cannot allocate memory/i,
    fault: 'exhausted',
    hint: 'the machine or the control group has no more memory: free some, or raise the limit',
  },
  EBUSY: { errno: 16, printed: /Device or resource busy/i, fault: 'busy', hint: 'unmount what is mounted in it' },
  ENOTSUP: { errno: 95, printed: /unsupported|not supported/i, fault: 'unsupported' },
  ENOSYS: { errno: 38, printed: /not implemented/i, fault: 'unsupported' },
  ENOTTY: { errno: 25, printed: /Inappropriate ioctl/i, fault: 'unsupported' },
  EPERM: { errno: 1, printed: /Operation not permitted/i },
  ENOENT: { errno: 2, printed: /No such file/i },
  EXDEV: { errno: 18, printed: /Invalid cross-device link/i },
  EEXIST: { errno: 17, printed: /File exists/i },
  ENOTDIR: { errno: 20, printed: /Not a directory/i },
  ENOTEMPTY: { errno: 39, printed: /Directory not empty/i },
  ENAMETOOLONG: { errno: 36, printed: /File name too long/i },
} as const satisfies Readonly<Record<string, Meaning>>;

export type ErrnoName = keyof typeof meanings;

export const errnoNames = Object.keys(meanings) as readonly ErrnoName[];

const numbers = new Map<number, ErrnoName>(errnoNames.map((name) => [meanings[name].errno, name]));

/** The name of an error number, in either sign; undefined for one that means nothing here. */
export const nameOfErrno = (errno: number): ErrnoName | undefined => numbers.get(Math.abs(errno));

/**
 * The name of a system's error: by its number, or by its name if it carries no number. If a thread can't be started,
 * Node names the reason only at the end of the message.
 */
export function errnoName(error: unknown): ErrnoName | undefined {
  const { errno, code, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof errno === 'number') return nameOfErrno(errno);
  const reported = code === 'ERR_WORKER_INIT_FAILED' ? message.split(': ').at(-1) : code;
  return errnoNames.find((name) => name === reported);
}

/** Whether something thrown is one of these errors of the system. */
export function isErrno(error: unknown, ...names: readonly ErrnoName[]): boolean {
  const name = errnoName(error);
  return name !== undefined && names.includes(name);
}

export const meaningOf = (name: ErrnoName): Meaning => meanings[name];

/** An error as Node would throw it. */
export function errnoError(name: ErrnoName, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code: name, errno: -meanings[name].errno });
}

/** The error that a command has printed on its standard error; without a number if it matches none of the table. */
export function printedError(printed: string, message: string): NodeJS.ErrnoException {
  const name = errnoNames.find((each) => meanings[each].printed.test(printed));
  return name === undefined ? new Error(message) : errnoError(name, message);
}
