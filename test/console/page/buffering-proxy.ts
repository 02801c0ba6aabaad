import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../support/sandbox.ts';

/** A proxy to a port of this machine that keeps event streams back, as some do, until it is told not to. */
export async function startBufferingProxy(
  sandbox: Sandbox,
  port: number,
): Promise<{ readonly port: number; pass(): void }> {
  let buffers = true;
  const server = createServer((incoming, outgoing) => {
    const { url: path = '/', method = 'GET', headers } = incoming;
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      if (buffers && answer.headers['content-type'] === 'text/event-stream') {
        answer.resume();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    outgoing.on('close', () => asked.destroy());
    incoming.pipe(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sandbox.atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    pass: () => {
      buffers = false;
    },
  };
}
