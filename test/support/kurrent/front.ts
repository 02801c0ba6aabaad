import { createConnection, createServer, type Socket } from 'node:net';

/** A proxy before a server, whose connections can be cut. */
export interface Front {
  readonly port: number;
  /** Cuts all open connections; new ones are accepted. */
  cut(): void;
  close(): Promise<void>;
}

export async function createFront(behind: number, port = 0): Promise<Front> {
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
    server.listen(port, '127.0.0.1', resolve);
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
