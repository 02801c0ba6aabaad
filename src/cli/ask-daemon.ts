import { request } from 'node:http';
import { Fault } from '../ports/fault.ts';

export interface DaemonAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks a daemon over its HTTP socket; undefined where nobody listens there. A Fault (`io`) tells of a socket that may not
 * be opened and of a connection that broke.
 */
export function askDaemon(socketPath: string, method: string, path: string): Promise<DaemonAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers: { host: 'localhost' } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', failed);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') }),
      );
    });
    const failed = (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve(undefined);
      const hint = 'run as the user that runs the daemon (root), and look whether it is alive';
      reject(new Fault('io', `${socketPath}: ${error.message}`, { hint, cause: error }));
    };
    asked.on('error', failed);
    asked.end();
  });
}
