import { createServer, request } from 'node:http';
import type { Sandbox } from './sandbox.ts';

/** The bytes fetched through a proxy. */
export interface CountingProxy {
  /** `host:port`, to use in place of the server's */
  readonly host: string;
  /** bytes of the answers to GET for each path that held the text, and how many there were */
  fetched(part: string): { readonly requests: number; readonly bytes: number };
  reset(): void;
}

/** A proxy on a free loopback port before a server without TLS, which counts the bytes fetched. */
export async function startCountingProxy(sandbox: Sandbox, server: string): Promise<CountingProxy> {
  const seen: { path: string; bytes: number }[] = [];
  const [hostname, port] = server.split(':');
  const proxy = createServer((asked, answer) => {
    const { method, url = '/', headers } = asked;
    const onward = request({ hostname, port, method, path: url, headers }, (answered) => {
      const fetch = { path: url, bytes: 0 };
      if (method === 'GET') seen.push(fetch);
      answered.on('data', (part: Buffer) => {
        fetch.bytes += part.length;
      });
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  sandbox.atEnd(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    host: `127.0.0.1:${address.port}`,
    fetched: (part) => {
      const matching = seen.filter(({ path }) => path.includes(part));
      return { requests: matching.length, bytes: matching.reduce((sum, { bytes }) => sum + bytes, 0) };
    },
    reset: () => void seen.splice(0),
  };
}
