import type { AddressInfo, Server } from 'node:net';
import { Fault, faultOf } from '../ports/fault.ts';

export interface LoopbackAddress {
  /** 127.0.0.0/8 or ::1 */
  readonly host: string;
  /** 0 for any that is free */
  readonly port: number;
}

/** Resolves with the address that a server listens on. Rejects with a Fault: `busy` where somebody else does, `io`. */
export function listenOnLoopback(server: Server, { host, port }: LoopbackAddress): Promise<LoopbackAddress> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException) => reject(faultFor(error, `${host} port ${port}`));
    server.once('error', refuse);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', refuse);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

function faultFor(error: NodeJS.ErrnoException, where: string): Fault {
  if (error.code === 'EADDRINUSE')
    return new Fault('busy', `http.listen: another process listens on ${where}`, {
      hint: 'stop the other one, or choose another port',
      cause: error,
    });
  return faultOf(error, `http.listen: ${where}`, 'choose a loopback address that this machine has, as 127.0.0.1:7475');
}
