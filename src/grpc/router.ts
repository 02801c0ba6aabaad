import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Call, type Handler } from './call.ts';

const grpc = /^application\/grpc(?:$|[+;])/;

/** Gives each request to the handler of its path. What is no gRPC is answered as HTTP, a path without handler as UNIMPLEMENTED. */
export function createRouter(handlers: ReadonlyMap<string, Handler>) {
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    // A caller that breaks off is no error of ours: whoever answers it finds it gone.
    stream.on('error', () => {});
    const { ':method': method, ':path': path = '', 'content-type': type = '' } = headers;
    if (method !== 'POST') turnAway(stream, 405);
    else if (!grpc.test(type)) turnAway(stream, 415);
    else (handlers.get(path) ?? unknown)(new Call(stream, headers));
  };
}

const unknown: Handler = (call) => {
  call.stream.resume();
  call.fail({ code: 'UNIMPLEMENTED', details: `method ${call.headers[':path']}: not known` });
};

function turnAway(stream: ServerHttp2Stream, status: number): void {
  stream.resume();
  stream.respond({ ':status': status }, { endStream: true });
}
