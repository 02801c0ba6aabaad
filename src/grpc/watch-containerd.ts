import { Client, type ClientReadableStream, credentials } from '@grpc/grpc-js';
import type { ContainerdEvent, ContainerdListener, WatchContainerd } from '../ports/containerd-events.ts';
import { type EventEnvelope, subscribeMethod } from './events-protocol.ts';

/** What of containerd's stream explains that snapshots are removed. */
const filters = ['/images/delete', '/containers/delete', '/namespaces/delete', '/snapshot/remove'].map(
  (topic) => `topic=="${topic}"`,
);
/** milliseconds before containerd is asked again, at first and at most */
const firstPause = 500;
const longestPause = 30_000;

/** Listens on containerd's own socket. */
export function createContainerdWatch(address: string): WatchContainerd {
  return (listener) => {
    const client = new Client(`unix:${address}`, credentials.createInsecure(), {
      'grpc.default_authority': 'localhost',
    });
    let stream: ClientReadableStream<EventEnvelope> | undefined;
    let timer: NodeJS.Timeout | undefined;
    let closed = false;
    let pause = firstPause;
    const listen = () => {
      stream = subscribed(client, listener, () => {
        pause = firstPause;
      });
      stream.on('close', () => {
        listener.watching(false);
        if (closed) return;
        timer = setTimeout(listen, pause);
        pause = Math.min(pause * 2, longestPause);
      });
    };
    listen();
    return {
      close: () => {
        closed = true;
        clearTimeout(timer);
        stream?.cancel();
        client.close();
      },
    };
  };
}

function subscribed(
  client: Client,
  listener: ContainerdListener,
  begun: () => void,
): ClientReadableStream<EventEnvelope> {
  const { path, requestSerialize, responseDeserialize } = subscribeMethod;
  const stream = client.makeServerStreamRequest<object, EventEnvelope>(
    path,
    requestSerialize,
    responseDeserialize as (bytes: Buffer) => EventEnvelope,
    { filters },
  );
  stream.on('metadata', () => {
    begun();
    listener.watching(true);
  });
  stream.on('data', (envelope: EventEnvelope) => listener.event(eventOf(envelope)));
  // What went wrong shows in that the stream is closed.
  stream.on('error', () => {});
  return stream;
}

function eventOf({ topic, namespace, timestamp, event }: EventEnvelope): ContainerdEvent {
  const at = BigInt(timestamp?.seconds ?? 0) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
  return { topic, namespace, name: firstText(event?.value ?? Buffer.alloc(0)), at };
}

/** In each of these events the first field, number 1, is the text that names what it is about. */
function firstText(message: Buffer): string {
  if (message[0] !== 0x0a) return '';
  let length = 0;
  let at = 1;
  for (let shift = 0; at < message.length; shift += 7) {
    const byte = message[at] ?? 0;
    at += 1;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return message.toString('utf8', at, at + length);
}
