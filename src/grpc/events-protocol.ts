import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';

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

export interface EventEnvelope {
  readonly timestamp: { readonly seconds: string; readonly nanos: number } | null;
  readonly namespace: string;
  readonly topic: string;
  readonly event: { readonly value: Buffer } | null;
}

export const eventsService = fromJSON(root, { longs: String, defaults: true })[
  'containerd.services.events.v1.Events'
] as ServiceDefinition;

export const subscribeMethod = eventsService.Subscribe as ServiceDefinition[string];
