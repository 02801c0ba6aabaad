import { statSync } from 'node:fs';
import { Client, type ClientReadableStream, credentials, status } from '@grpc/grpc-js';
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';
import type { ContainerdEvent, ContainerdListener, WatchContainerd } from '../ports/containerd-events.ts';

/** What of containerd's stream explains that snapshots are removed. */
const filters = ['/images/delete', '/containers/delete', '/namespaces/delete', '/snapshot/remove'].map(
  (topic) => `topic=="${topic}"`,
);
/** Milliseconds between two looks for a socket. A look costs microseconds, and sees whatever becomes of the directories above. */
const lookEvery = 100;
/** milliseconds before a socket that refused is asked again, at most */
const longestPause = 30_000;

/** Listens on containerd's own socket. */
export function createContainerdWatch(address: string): WatchContainerd {
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
      if (socket === undefined || (!another && performance.now() < due)) return wait();
      if (another) pause = lookEvery;
      asked = socket;
      session = startSession(address, listener, ended);
    };
    const ended = (listened: boolean) => {
      listener.listening(false);
      pause = listened ? lookEvery : Math.min(pause * 2, longestPause);
      due = performance.now() + pause;
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
  const client = new Client(`unix:${address}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
  });
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
  const { path, requestSerialize, responseDeserialize } = subscribeMethod;
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

/** containerd's service of events (`containerd.services.events.v1`) as far as it is listened to: names, numbers, types. */
const field = (type: string, id: number) => ({ type, id });

const events = {
  Events: {
    methods: {
      Subscribe: { requestType: 'SubscribeRequest', responseType: 'Envelope', responseStream: true, comment: '' },
    },
  },
  SubscribeRequest: { fields: { filters: { ...field('string', 1), rule: 'repeated' as const } } },
  Envelope: {
    fields: {
      timestamp: field('google.protobuf.Timestamp', 1),
      namespace: field('string', 2),
      topic: field('string', 3),
      event: field('Event', 4),
    },
  },
  // google.protobuf.Any under another name, which the loader would unfold.
  Event: { fields: { url: field('string', 1), value: field('bytes', 2) } },
};
const Timestamp = { fields: { seconds: field('int64', 1), nanos: field('int32', 2) } };

const root = {
  nested: {
    containerd: { nested: { services: { nested: { events: { nested: { v1: { nested: events } } } } } } },
    google: { nested: { protobuf: { nested: { Timestamp } } } },
  },
};

interface EventEnvelope {
  readonly timestamp: { readonly seconds: string; readonly nanos: number } | null;
  readonly namespace: string;
  readonly topic: string;
  readonly event: { readonly value: Buffer } | null;
}

export const eventsService = fromJSON(root, { longs: String, defaults: true })[
  'containerd.services.events.v1.Events'
] as ServiceDefinition;

const subscribeMethod = eventsService.Subscribe as ServiceDefinition[string];
