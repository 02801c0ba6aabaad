import { createConnection, createServer, type Socket } from 'node:net';
import { freePort } from '../free-port.ts';

/** A proxy before a server, whose connections can be cut. */
export interface Front {
  readonly port: number;
  /** Cuts all open connections; new ones are accepted. */
  cut(): void;
  close(): Promise<void>;
}

/** By default on a port that no connection gets while nobody listens on it: another front can take it after the close. */
export async function createFront(behind: number, port = 0): Promise<Front> {
  const own = port === 0 ? await freePort() : port;
  const sockets = new Set<Socket>();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer({ noDelay: true }, (client) => {
    const inner = createConnection({ port: behind, host: '127.0.0.1', noDelay: true });
    for (const [one, other] of [
      [client, inner],
      [inner, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(own, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
