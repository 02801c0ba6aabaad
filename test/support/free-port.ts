import { createServer } from 'node:net';

/** Below the ports that the kernel gives to connections, and to listeners that ask for any (net.ipv4.ip_local_port_range). */
const [first, count] = [10_000, 22_000];
/** Test files that run at the same time begin far from each other. */
let next = (process.pid * 61) % count;

/** A loopback port on which nothing listens, and which nothing gets by chance until the caller listens on it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + next;
    next = (next + 1) % count;
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
