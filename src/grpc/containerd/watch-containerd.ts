import { statSync } from 'node:fs';
import { type Client, type ClientReadableStream, status } from '@grpc/grpc-js';
import type { ContainerdEvent, ContainerdListener, WatchContainerd } from '../../ports/containerd-events.ts';
import { connectTo, eventsService, methodOf, nanosecondsOf, type Timestamp } from './services.ts';

/** What of containerd's stream explains that snapshots are removed, and what changes its images. */
const filters = [
  ...['/images/create', '/images/update', '/images/delete'],
  ...['/containers/delete', '/namespaces/delete', '/snapshot/remove'],
].map((topic) => `topic=="${topic}"`);
/** Milliseconds between two looks for a socket. A look costs microseconds, and sees whatever becomes of the directories above. */
const lookEvery = 100;
/** milliseconds before a socket that refused is asked again, at most */
const longestPause = 30_000;

/** Listens on containerd's own socket. `uptime` is in milliseconds, and never set back. */
export function createContainerdWatch(address: string, uptime = () => performance.now()): WatchContainerd {
  return (listener) => {
    let session: Session | undefined;
    let timer: NodeJS.Timeout | undefined;
    let closed = false;
    let asked: string | undefined;
    let pause = lookEvery;
    let due = 0;
    const wait = () => {
      if (!closed) timer = setTimeout(look, lookEvery);
    };
    const look = () => {
      const socket = socketAt(address);
      const another = socket !== asked;
      if (socket === undefined || (!another && uptime() < due)) return wait();
      if (another) pause = lookEvery;
      asked = socket;
      session = startSession(address, listener, ended);
    };
    const ended = (listened: boolean) => {
      listener.listening(false);
      pause = listened ? lookEvery : Math.min(pause * 2, longestPause);
      due = uptime() + pause;
      wait();
    };
    look();
    return {
      close: () => {
        closed = true;
        clearTimeout(timer);
        session?.close();
        listener.listening(false);
      },
    };
  };
}

/** Which socket stands there: a containerd that starts makes another one. */
function socketAt(address: string): string | undefined {
  try {
    const { dev, ino, ctimeNs } = statSync(address, { bigint: true });
    return `${dev}:${ino}:${ctimeNs}`;
  } catch {
    return undefined;
  }
}

interface Session {
  close(): void;
}

/** One connection, which calls `ended` with whether it came to listening. A new client has no pauses of an old one's failures. */
function startSession(address: string, listener: ContainerdListener, ended: (listened: boolean) => void): Session {
  const client = connectTo(address);
  let open = true;
  let listened = false;
  const stream = subscribed(client, listener);
  const begun = () => {
    if (!open) return;
    listened = true;
    listener.listening(true);
  };
  stream.on('metadata', begun);
  // containerd sends nothing, not even headers, before the first event. What comes after the subscription is answered after it.
  askHealth(client, begun);
  stream.on('close', () => {
    open = false;
    client.close();
    ended(listened);
  });
  return {
    close: () => {
      open = false;
      stream.cancel();
      client.close();
    },
  };
}

function subscribed(client: Client, listener: ContainerdListener): ClientReadableStream<EventEnvelope> {
  const { path, requestSerialize, responseDeserialize } = methodOf(eventsService, 'Subscribe');
  const stream = client.makeServerStreamRequest<object, EventEnvelope>(
    path,
    requestSerialize,
    responseDeserialize as (bytes: Buffer) => EventEnvelope,
    { filters },
  );
  stream.on('data', (envelope: EventEnvelope) => listener.event(eventOf(envelope)));
  // What went wrong shows in that the stream is closed.
  stream.on('error', () => {});
  return stream;
}

const asIs = (bytes: Buffer) => bytes;

/** Calls back when the server has answered, whatever it says to a health check. */
function askHealth(client: Client, answered: () => void): void {
  client.makeUnaryRequest('/grpc.health.v1.Health/Check', asIs, asIs, Buffer.alloc(0), (error) => {
    if (error === null || error.code === status.UNIMPLEMENTED) answered();
  });
}

function eventOf({ topic, namespace, timestamp, event }: EventEnvelope): ContainerdEvent {
  return { topic, namespace, name: firstText(event?.value ?? Buffer.alloc(0)), at: nanosecondsOf(timestamp) };
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

interface EventEnvelope {
  readonly timestamp: Timestamp | null;
  readonly namespace: string;
  readonly topic: string;
  readonly event: { readonly value: Buffer } | null;
}
