import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServiceDefinition } from '@grpc/proto-loader';
import * as either from 'fp-ts/lib/Either.js';
import { errorText } from '../ports/fault.ts';
import type { CallStatus } from './status.ts';

/** containerd's limit for one message, both ways, in bytes. */
export const maxMessageBytes = 16 * 1024 * 1024;

/** Before each message stand a byte that says whether it is compressed, and its length. */
const prefixLength = 5;

/** A message as it travels. */
export function framed(message: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(prefixLength + message.length);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, prefixLength);
  return bytes;
}

type Message = either.Either<CallStatus, Buffer>;
type OnMessage = (message: Message) => void;

interface Arrived {
  readonly request: ServerHttp2Stream;
  readonly done: OnMessage;
}

let arrived: Arrived[] = [];

const nothing = Buffer.alloc(0);

/**
 * Calls back once, with the one message that a request consists of or with what is wrong with it, when all of it has arrived; never if
 * the client resets the stream before. Usually it is complete when the bytes of this turn are parsed, and is then read at once: a
 * stream that flows costs several times as much.
 */
export function readMessage(request: ServerHttp2Stream, done: OnMessage): void {
  if (arrived.length === 0) setImmediate(readArrived);
  arrived.push({ request, done });
}

function readArrived(): void {
  const requests = arrived;
  arrived = [];
  for (const { request, done } of requests) {
    const bytes: Buffer = request.read() ?? nothing;
    if (isWhole(request)) done(messageIn(bytes));
    else readParts(request, bytes, done);
  }
}

/** The client has ended the stream: what it sent is in the buffer, and 'end' may have been emitted already. */
const isWhole = ({ state: { state } }: ServerHttp2Stream) =>
  state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE;

function readParts(request: ServerHttp2Stream, first: Buffer, done: OnMessage): void {
  const parts = [first];
  let length = first.length;
  let over = false;
  request.on('data', (part: Buffer) => {
    if (over) return;
    parts.push(part);
    length += part.length;
    if (length - prefixLength <= maxMessageBytes) return;
    // The rest is read and dropped: a client may send all of it before it reads.
    over = true;
    parts.length = 0;
    done(tooLarge);
  });
  request.on('end', () => {
    if (!over) done(messageIn(Buffer.concat(parts)));
  });
}

function messageIn(bytes: Buffer): Message {
  if (bytes.length < prefixLength) return internal('it holds no message');
  if (bytes[0] !== 0)
    return either.left({ code: 'UNIMPLEMENTED', details: 'request: messages must not be compressed' });
  const length = bytes.readUInt32BE(1);
  if (length > maxMessageBytes) return tooLarge;
  const found = bytes.length - prefixLength;
  if (length !== found) return internal(`its message has ${found} bytes, its frame says ${length}`);
  return either.right(bytes.subarray(prefixLength));
}

const internal = (what: string) => either.left<CallStatus>({ code: 'INTERNAL', details: `request: ${what}` });
const tooLarge = either.left<CallStatus>({
  code: 'RESOURCE_EXHAUSTED',
  details: `request: a message may have ${maxMessageBytes} bytes at most`,
});

/** A request out of its bytes, or the status for bytes that are no such message. */
export function decoded<Request>(
  { requestDeserialize }: Pick<ServiceDefinition[string], 'requestDeserialize'>,
  bytes: Buffer,
): either.Either<CallStatus, Request> {
  try {
    return either.right(requestDeserialize(bytes) as Request);
  } catch (error) {
    return either.left({ code: 'INTERNAL', details: `request: ${errorText(error)}` });
  }
}
