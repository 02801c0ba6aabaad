import { lstat, mkdir, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { isErrno } from '../ports/errno.ts';
import { Fault, faultOf } from '../ports/fault.ts';

/** What fits into sockaddr_un, in bytes. Source: unix(7). */
const longest = 107;

/**
 * Makes a server listen on a unix socket that only its owner may connect to (0600 from its first moment), in a directory
 * that is made where it is missing (0711). A socket that nobody listens on any more is replaced. The socket is removed
 * when the server closes. Rejects with a Fault: `busy` where somebody listens, `misuse` for a path that is too long or
 * something else than a socket, `io`.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > longest)
    throw new Fault('misuse', `socket ${path}: its path has ${bytes} bytes, a socket's may have ${longest}`, {
      hint: 'choose a shorter path, /run/snapledger/snapledger.sock for one',
    });
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o711 });
    await removeStale(path);
    await bound(server, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw busy(path);
    throw faultOf(error, `listen on ${path}`, 'look at the directory of the socket: its owner, mode and file system');
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Fault('misuse', `socket ${path}: something that is not a socket is there`, {
      hint: 'choose another address, or move the file away',
    });
  if (await answers(path)) throw busy(path);
  await unlink(path);
}

const busy = (path: string): Fault =>
  new Fault('busy', `socket ${path}: another process listens on it`, {
    hint: 'stop the other daemon, or give this one another address',
  });

/** Whether anybody listens; a full queue of connections counts as a listener. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(error);
    });
  });
}

function bound(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    // listen() binds before it returns, so that the mask is nobody else's in this thread.
    const mask = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
  });
}
