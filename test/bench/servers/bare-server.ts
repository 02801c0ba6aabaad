import { connect, createServer, type ServerHttp2Stream } from 'node:http2';
import { connect as connectTo } from 'node:net';

/**
 * What Node's streams cost for the same answers: `bare-server.js ORIGIN SOCKET` asks the server at ORIGIN once for each path, and
 * from then on answers that path with these bytes, whatever is asked. It looks at nothing and knows no gRPC. Requests are read as
 * they flow, which the daemon avoids (decision 97): it can be faster.
 */
const [origin = '', socket = ''] = process.argv.slice(2);
const known = new Map<string, Promise<Buffer>>();
const session = connect('http://localhost', { createConnection: () => connectTo(origin) });
const trailers = { 'grpc-status': '0' };

createServer()
  .on('stream', (stream, { ':path': path = '' }) => {
    const request: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => request.push(chunk));
    stream.on('end', () => void answer(stream, path, request));
  })
  .listen(socket);

async function answer(stream: ServerHttp2Stream, path: string, request: readonly Buffer[]): Promise<void> {
  const reply = known.get(path) ?? askedOnce(path, Buffer.concat(request));
  known.set(path, reply);
  const bytes = await reply;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(bytes);
}

function askedOnce(path: string, request: Buffer): Promise<Buffer> {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const call = session.request(headers);
    call.on('data', (chunk: Buffer) => parts.push(chunk));
    call.on('end', () => resolve(Buffer.concat(parts)));
    call.on('error', reject);
    call.end(request);
  });
}
