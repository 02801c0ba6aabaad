import { createRequire } from 'node:module';
import { constants, endianness } from 'node:os';
import { Fault } from '../../ports/fault.ts';
import type { FileCalls } from '../../ports/system.ts';

type Koffi = typeof import('koffi');

/**
 * Calls of the C library that Node has no function for. They throw or reject with the error that Node would give.
 * Those that return a promise run off the main thread.
 */
export interface NativeCalls {
  /** CLOCK_REALTIME in nanoseconds */
  realtime(): bigint;
  /** CLOCK_BOOTTIME in nanoseconds */
  boottime(): bigint;
  /** whether the kernel knows the clock as synchronised: adjtimex(2), which changes nothing here */
  clockSynchronized(): boolean;
  /** LOCK_EX without waiting; false if another holds the lock */
  flock(fd: number): boolean;
  /** makes two names change places at once: renameat2(2), RENAME_EXCHANGE */
  exchange(one: string, other: string): void;
  /** reserves blocks, the size stays */
  fallocate(fd: number, offset: number, bytes: number): void;
  syncfs(fd: number): Promise<void>;
  /** writes all data of a file to the device, but no metadata: sync_file_range(2) that waits before and after */
  syncRange(fd: number): Promise<void>;
  /** one datagram to a unix socket; `address` is a whole sockaddr_un */
  sendDatagram(address: Buffer, payload: Buffer): Promise<void>;
  /** the kernel may write into the argument */
  ioctl(fd: number, request: number, argument: Buffer): Promise<void>;
  readonly files: FileCalls;
}

const lockExclusive = 2;
const lockWithoutWaiting = 4;
const keepSize = 1;
/** SYNC_FILE_RANGE_WRITE with WAIT_BEFORE and WAIT_AFTER */
const writeAndWait = 7;
const realtimeClock = 0;
const boottimeClock = 7;
/** TIME_ERROR of adjtimex(2); a timex has 208 bytes */
const clockError = 5;
const timexBytes = 208;
const exchangeNames = 2;
const unixFamily = 1;
const datagramCloseOnExec = 0o2000002;
const withoutSignal = 0x4000;

let loaded: NativeCalls | undefined;

/** Loads koffi at the first call. Throws a Fault (`unsupported`) if it has no binary for this machine. */
export function nativeCalls(): NativeCalls {
  loaded ??= bind(load());
  return loaded;
}

function load(): Koffi {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    if (koffi.sizeof('long') === 8 && endianness() === 'LE') return koffi;
  } catch (cause) {
    throw unsupported(`koffi can't be loaded: ${(cause as Error).message}`, cause);
  }
  throw unsupported('only 64-bit little-endian machines are supported');
}

const unsupported = (why: string, cause?: unknown) =>
  new Fault('unsupported', `native calls: ${why}`, {
    hint: 'install snapledger with its optional dependencies, on x64, arm64 or another machine that koffi has a binary for',
    cause,
  });

function bind(koffi: Koffi): NativeCalls {
  // The C library of this process, glibc or musl.
  const libc = koffi.load(null);
  const clockGettime = libc.func('int clock_gettime(int clock, void *time)');
  const adjtimex = libc.func('int adjtimex(void *timex)');
  const flock = libc.func('int flock(int fd, int operation)');
  const fallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  const syncfs = libc.func('int syncfs(int fd)');
  const syncRange = libc.func('int sync_file_range(int fd, int64_t offset, int64_t length, unsigned int flags)');
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const sendto = libc.func('int64_t sendto(int fd, void *data, size_t n, int flags, void *address, uint32_t length)');
  const close = libc.func('int close(int fd)');
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)');
  const time = new BigInt64Array(2);
  const read = (clock: number) => {
    clockGettime(clock, time);
    return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
  };
  const errnoOf = (result: number) => (result < 0 ? koffi.errno() : 0);
  let underWay = 0;
  const waiting: (() => void)[] = [];
  const onThread = (name: string, call: typeof syncfs, ...args: unknown[]) =>
    new Promise<void>((resolve, reject) => {
      const start = () => {
        underWay += 1;
        // Inside the callback koffi.errno() is that of the thread that made the call.
        call.async(...args, (error: Error | null, result: number) => {
          const errno = error === null ? errnoOf(Number(result)) : 0;
          underWay -= 1;
          waiting.shift()?.();
          if (error === null && errno === 0) resolve();
          else reject(error ?? systemError(errno, name));
        });
      };
      if (underWay < maxCalls) start();
      else waiting.push(start);
    });
  return {
    realtime: () => read(realtimeClock),
    boottime: () => read(boottimeClock),
    // Without modes it only reads.
    clockSynchronized: () => adjtimex(Buffer.alloc(timexBytes)) !== clockError,
    flock: (fd) => {
      const errno = errnoOf(flock(fd, lockExclusive | lockWithoutWaiting));
      if (errno !== 0 && errno !== constants.errno.EWOULDBLOCK) throw systemError(errno, 'flock');
      return errno === 0;
    },
    exchange: (one, other) => {
      // A function of the C library since glibc 2.28: bound when it is needed.
      const rename = libc.func('int renameat2(int from, const char *one, int to, const char *other, uint32_t flags)');
      const errno = errnoOf(rename(workingDirectory, one, workingDirectory, other, exchangeNames));
      if (errno !== 0) throw systemError(errno, 'renameat2');
    },
    fallocate: (fd, offset, bytes) => {
      for (;;) {
        const errno = errnoOf(fallocate(fd, keepSize, offset, bytes));
        if (errno === 0) return;
        if (errno !== constants.errno.EINTR) throw systemError(errno, 'fallocate');
      }
    },
    syncfs: (fd) => onThread('syncfs', syncfs, fd),
    syncRange: (fd) => onThread('sync_file_range', syncRange, fd, 0, 0, writeAndWait),
    sendDatagram: async (address, payload) => {
      const fd: number = socket(unixFamily, datagramCloseOnExec, 0);
      if (fd < 0) throw systemError(koffi.errno(), 'socket');
      try {
        await onThread('sendto', sendto, fd, payload, payload.length, withoutSignal, address, address.length);
      } finally {
        close(fd);
      }
    },
    ioctl: (fd, request, argument) => onThread('ioctl', ioctl, fd, request, argument),
    files: bindFiles(koffi, libc),
  };
}

/** calls on threads at the same time: koffi refuses more than 256, and libuv's pool has four threads */
const maxCalls = 128;
const workingDirectory = -100;
const noFollow = 0x100;
const maxXattrBytes = 1 << 16;

function bindFiles(koffi: Koffi, libc: ReturnType<Koffi['load']>): FileCalls {
  const list = libc.func('int64_t llistxattr(void *path, void *list, size_t size)');
  const get = libc.func('int64_t lgetxattr(void *path, void *name, void *value, size_t size)');
  const set = libc.func('int lsetxattr(void *path, void *name, void *value, size_t size, int flags)');
  const remove = libc.func('int lremovexattr(void *path, void *name)');
  const setTimes = libc.func('int utimensat(int fd, void *path, void *times, int flags)');
  let mknod: typeof set | undefined;
  const buffer = Buffer.alloc(maxXattrBytes);
  const times = new BigInt64Array(4);
  const second = 1_000_000_000n;
  const done = (call: string, path: Buffer, result: number): number => {
    if (result < 0) throw systemError(koffi.errno(), `${call} ${path}`);
    return result;
  };
  const text = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(1)]);
  const named = (name: string) => Buffer.from(`${name}\0`, 'latin1');
  return {
    xattrs: (path) => {
      const length = done('llistxattr', path, Number(list(text(path), buffer, maxXattrBytes)));
      return length === 0 ? [] : buffer.toString('latin1', 0, length - 1).split('\0');
    },
    xattr: (path, name) => {
      const length = done('lgetxattr', path, Number(get(text(path), named(name), buffer, maxXattrBytes)));
      return Buffer.from(buffer.subarray(0, length));
    },
    setXattr: (path, name, value) => void done('lsetxattr', path, set(text(path), named(name), value, value.length, 0)),
    removeXattr: (path, name) => void done('lremovexattr', path, remove(text(path), named(name))),
    setTimes: (path, accessed, modified) => {
      for (const [at, time] of [accessed, modified].entries()) {
        const nanoseconds = ((time % second) + second) % second;
        times[2 * at] = (time - nanoseconds) / second;
        times[2 * at + 1] = nanoseconds;
      }
      done('utimensat', path, setTimes(workingDirectory, text(path), times, noFollow));
    },
    makeNode: (path, mode, device) => {
      // A function of the C library since glibc 2.33: bound when it is needed.
      mknod ??= libc.func('int mknod(void *path, uint32_t mode, uint64_t device)');
      done('mknod', path, mknod(text(path), mode, device));
    },
  };
}

const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));

/** The error that Node would throw for an errno of a system call. */
function systemError(errno: number, call: string): NodeJS.ErrnoException {
  const code = names.get(errno) ?? `errno ${errno}`;
  return Object.assign(new Error(`${call} failed: ${code}`), { code, errno: -errno, syscall: call });
}
