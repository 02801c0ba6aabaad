import { createRequire } from 'node:module';
import { constants } from 'node:os';

type Koffi = typeof import('koffi');

/** The few calls of the C library that Node has no function for. An errno of 0 is success. */
export interface NativeCalls {
  /** CLOCK_REALTIME in nanoseconds */
  realtime(): bigint;
  /** CLOCK_BOOTTIME in nanoseconds */
  boottime(): bigint;
  /** LOCK_EX without waiting */
  flock(fd: number): number;
  /** reserves blocks, the size stays */
  fallocate(fd: number, offset: number, bytes: number): number;
  /** off the main thread */
  syncfs(fd: number): Promise<number>;
  /** one datagram to a unix socket, off the main thread; `address` is a whole sockaddr_un */
  sendDatagram(address: Buffer, payload: Buffer): Promise<number>;
  /** off the main thread; the kernel may write into the argument */
  ioctl(fd: number, request: number, argument: Buffer): Promise<number>;
}

const lockExclusive = 2;
const lockWithoutWaiting = 4;
const keepSize = 1;
const realtimeClock = 0;
const boottimeClock = 7;
const unixFamily = 1;
const datagramCloseOnExec = 0o2000002;
const withoutSignal = 0x4000;

/** The calls, or undefined where koffi or a 64-bit glibc is missing. */
export function loadNativeCalls(): NativeCalls | undefined {
  const loaded = load();
  return loaded === undefined || loaded.koffi.sizeof('long') !== 8 ? undefined : bind(loaded);
}

interface Loaded {
  readonly koffi: Koffi;
  readonly libc: ReturnType<Koffi['load']>;
}

/** koffi is an optional dependency, and a C library other than glibc has another name. */
function load(): Loaded | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    return { koffi, libc: koffi.load('libc.so.6') };
  } catch {
    return undefined;
  }
}

function bind({ koffi, libc }: Loaded): NativeCalls {
  const clockGettime = libc.func('int clock_gettime(int clock, void *time)');
  const flock = libc.func('int flock(int fd, int operation)');
  const fallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  const syncfs = libc.func('int syncfs(int fd)');
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
  /** Inside the callback koffi.errno() is that of the thread that made the call. */
  const apart = (call: typeof syncfs, ...args: unknown[]) =>
    new Promise<number>((resolve, reject) => {
      call.async(...args, (error: Error | null, result: number) =>
        error === null ? resolve(errnoOf(Number(result))) : reject(error),
      );
    });
  return {
    realtime: () => read(realtimeClock),
    boottime: () => read(boottimeClock),
    flock: (fd) => errnoOf(flock(fd, lockExclusive | lockWithoutWaiting)),
    fallocate: (fd, offset, bytes) => again(() => errnoOf(fallocate(fd, keepSize, offset, bytes))),
    syncfs: (fd) => apart(syncfs, fd),
    sendDatagram: async (address, payload) => {
      const fd: number = socket(unixFamily, datagramCloseOnExec, 0);
      if (fd < 0) return koffi.errno();
      try {
        return await apart(sendto, fd, payload, payload.length, withoutSignal, address, address.length);
      } finally {
        close(fd);
      }
    },
    ioctl: (fd, request, argument) => apart(ioctl, fd, request, argument),
  };
}

/** Repeats a call that a signal interrupted. */
function again(call: () => number): number {
  for (;;) {
    const errno = call();
    if (errno !== constants.errno.EINTR) return errno;
  }
}
