import { Client, credentials } from '@grpc/grpc-js';
import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';

/** containerd's services as far as they are used: names, numbers and types of its API. */
const field = (type: string, id: number) => ({ type, id });
const list = (type: string, id: number) => ({ type, id, rule: 'repeated' as const });
const method = (requestType: string, responseType: string, responseStream = false) => ({
  ...{ requestType, responseType, responseStream, comment: '' },
});

const events = {
  Events: { methods: { Subscribe: method('SubscribeRequest', 'Envelope', true) } },
  SubscribeRequest: { fields: { filters: list('string', 1) } },
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

const images = {
  Images: {
    methods: {
      Get: method('GetImageRequest', 'GetImageResponse'),
      List: method('ListImagesRequest', 'ListImagesResponse'),
    },
  },
  Image: {
    fields: {
      name: field('string', 1),
      target: field('containerd.types.Descriptor', 3),
      created_at: field('google.protobuf.Timestamp', 7),
      updated_at: field('google.protobuf.Timestamp', 8),
    },
  },
  GetImageRequest: { fields: { name: field('string', 1) } },
  GetImageResponse: { fields: { image: field('Image', 1) } },
  ListImagesRequest: { fields: { filters: list('string', 1) } },
  ListImagesResponse: { fields: { images: list('Image', 1) } },
};

const content = {
  Content: { methods: { Read: method('ReadContentRequest', 'ReadContentResponse', true) } },
  ReadContentRequest: { fields: { digest: field('string', 1), offset: field('int64', 2), size: field('int64', 3) } },
  ReadContentResponse: { fields: { offset: field('int64', 1), data: field('bytes', 2) } },
};

const namespaces = {
  Namespaces: { methods: { List: method('ListNamespacesRequest', 'ListNamespacesResponse') } },
  Namespace: { fields: { name: field('string', 1) } },
  ListNamespacesRequest: { fields: { filter: field('string', 1) } },
  ListNamespacesResponse: { fields: { namespaces: list('Namespace', 1) } },
};

const v1 = <T>(nested: T) => ({ nested: { v1: { nested } } });
const root = {
  nested: {
    containerd: {
      nested: {
        services: {
          nested: { events: v1(events), images: v1(images), content: v1(content), namespaces: v1(namespaces) },
        },
        types: { nested: { Descriptor: { fields: { digest: field('string', 2) } } } },
      },
    },
    google: {
      nested: {
        protobuf: { nested: { Timestamp: { fields: { seconds: field('int64', 1), nanos: field('int32', 2) } } } },
      },
    },
  },
};

const loaded = fromJSON(root, { longs: String, defaults: true, keepCase: true });
const service = (name: string) => loaded[`containerd.services.${name}`] as ServiceDefinition;

export const eventsService = service('events.v1.Events');
export const imagesService = service('images.v1.Images');
export const contentService = service('content.v1.Content');
export const namespacesService = service('namespaces.v1.Namespaces');

export const methodOf = (definition: ServiceDefinition, name: string) => definition[name] as ServiceDefinition[string];

export interface Timestamp {
  readonly seconds: string;
  readonly nanos: number;
}

/** Nanoseconds since 1970 UTC; 0 for none, and for an earlier time, which a clock that was never set shows. */
export function nanosecondsOf(timestamp: Timestamp | null): bigint {
  const at = BigInt(timestamp?.seconds ?? 0) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
  return at > 0n ? at : 0n;
}

/** What a daemon sends at most, as containerd's own clients accept it. */
const maxMessage = 16 * 1024 * 1024;

/** A client of the daemon that listens on a unix socket; it connects with its first call. */
export const connectTo = (address: string): Client =>
  new Client(`unix:${address}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': maxMessage,
  });
