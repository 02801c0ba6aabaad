import { connect } from 'node:net';
import { isErrno } from '../../ports/errno.ts';
import type { DoctorFacts } from '../../ports/machine-facts.ts';

type State = DoctorFacts['sockets'][string];

/** Whether a server listens on a unix socket: by a connection, which is closed at once. Never rejects. */
export function socketState(path: string): Promise<State> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(2_000, () => end({ unavailable: `${path}: no connection within 2 s` }));
    const end = (state: State) => {
      socket.destroy();
      resolve(state);
    };
    socket.on('connect', () => end('listening'));
    socket.on('error', (error) => {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) end('missing');
      else
        end(
          (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
            ? 'silent'
            : { unavailable: `${path}: ${error.message}` },
        );
    });
  });
}
