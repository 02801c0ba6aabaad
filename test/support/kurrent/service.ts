import {
  Metadata,
  type ServerDuplexStream,
  type ServerErrorResponse,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import gossip from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js';
import gossipPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import featuresPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import sharedPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import type { IStreamsServer } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import streamsGrpc from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import type {
  BatchAppendReq,
  BatchAppendResp,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { Faults } from './faults.ts';
import { answerOf, expectedOf, proposalsOf, tooLargeFor } from './messages.ts';
import { answerRead } from './reads.ts';
import type { StoredEvent, Streams } from './streams.ts';

/** The dependencies of the service. */
export interface ServiceContext {
  readonly streams: Streams;
  readonly faults: Faults;
  /** cuts every connection, as a crash does */
  readonly cut: () => void;
  /** the address that clients dial */
  readonly address: () => { readonly host: string; readonly port: number };
  /** `name:password` that every call must bring; undefined for an insecure server */
  readonly credentials: string | undefined;
  /** called for every append that arrives, whatever its outcome */
  readonly seen: (stream: string, events: readonly StoredEvent[], expected: unknown) => void;
}

export type Service = readonly [ServiceDefinition, UntypedServiceImplementation];

/** The services of a cluster node that the adapter uses. */
export function servicesOf(context: ServiceContext): readonly Service[] {
  return [
    [streamsGrpc.StreamsService, streamsServer(context)],
    [features.ServerFeaturesService, { getSupportedMethods: featuresHandler(context) }],
    [gossip.GossipService, { read: gossipHandler(context) }],
  ];
}

type Answering<T> = (error: Partial<ServerErrorResponse> | null, value?: T) => void;

function featuresHandler({ faults }: ServiceContext) {
  return (_call: unknown, answer: Answering<InstanceType<typeof featuresPb.SupportedMethods>>) => {
    if (faults.isSilent()) return;
    if (faults.version === undefined) return answer({ code: status.UNIMPLEMENTED });
    const methods = new featuresPb.SupportedMethods();
    methods.setEventStoreServerVersion(faults.version);
    for (const name of ['read', 'append', 'batchappend', 'delete', 'tombstone']) {
      const method = new featuresPb.SupportedMethod();
      method.setServiceName('event_store.client.streams.streams');
      method.setMethodName(name);
      methods.addMethods(method);
    }
    answer(null, methods);
  };
}

function gossipHandler({ faults, address }: ServiceContext) {
  return (_call: unknown, answer: Answering<InstanceType<typeof gossipPb.ClusterInfo>>) => {
    if (faults.isSilent()) return;
    const endPoint = new gossipPb.EndPoint();
    endPoint.setAddress(address().host);
    endPoint.setPort(address().port);
    const member = new gossipPb.MemberInfo();
    const id = new sharedPb.UUID();
    id.setString('00000000-0000-4000-8000-000000000001');
    member.setInstanceId(id);
    member.setTimeStamp('0');
    member.setState(gossipPb.MemberInfo.VNodeState.LEADER);
    member.setIsAlive(true);
    member.setHttpEndPoint(endPoint);
    const info = new gossipPb.ClusterInfo();
    info.addMembers(member);
    answer(null, info);
  };
}

type AppendCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

const refusal = { code: status.UNAUTHENTICATED, details: 'Unauthenticated' };

function streamsServer(context: ServiceContext): IStreamsServer {
  const { streams, faults, credentials } = context;
  const isStranger = (metadata: Metadata) => {
    if (credentials === undefined) return false;
    const [header = ''] = metadata.get('authorization');
    return header !== `Basic ${Buffer.from(credentials).toString('base64')}`;
  };
  return {
    batchAppend: (call) => {
      if (isStranger(call.metadata)) return call.emit('error', refusal);
      const parts = new Map<string, BatchAppendReq[]>();
      call.on('error', () => {});
      call.on('end', () => call.end());
      call.on('data', (request) => {
        const id = JSON.stringify(request.getCorrelationId()?.toObject());
        const all = [...(parts.get(id) ?? []), request];
        parts.set(id, all);
        if (!request.getIsFinal()) return;
        parts.delete(id);
        answerAppend(call, all, context);
      });
    },
    read: (call) => {
      if (isStranger(call.metadata)) return void call.emit('error', refusal);
      if (faults.isSilent()) return;
      if (faults.isFollower()) return void call.emit('error', notLeader(context));
      void answerRead(call, context);
    },
    delete: (call, answer) => {
      const name = call.request.getOptions()?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
      streams.delete(Buffer.from(name).toString('utf8'));
      answer(null, new streamsPb.DeleteResp());
    },
    append: (_call, answer) => answer({ code: status.UNIMPLEMENTED }),
    tombstone: (_call, answer) => answer({ code: status.UNIMPLEMENTED }),
  };
}

/** Writes and answers a complete append, or applies its fault. */
function answerAppend(call: AppendCall, parts: readonly BatchAppendReq[], context: ServiceContext): void {
  const [options] = parts.flatMap((each) => each.getOptions() ?? []);
  const [first] = parts;
  if (options === undefined || first === undefined) throw new TypeError('an append without options');
  const stream = Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  const events = parts.flatMap(proposalsOf);
  const expected = expectedOf(options);
  context.seen(stream, events, expected);
  const fault = context.faults.take();
  if (fault === 'silent') return;
  if (fault === 'cut') return void context.cut();
  if (fault === 'not-leader') return void call.emit('error', notLeader(context));
  const { maxAppendSize } = context.faults;
  if (parts.reduce((sum, part) => sum + part.serializeBinary().length, 0) > maxAppendSize)
    return void call.write(tooLargeFor(first, stream, maxAppendSize));
  const untrue = { wrong: expected === 'none' ? 0 : Number(expected) + 1 };
  const answer = fault === 'conflict' ? untrue : context.streams.append(stream, events, expected);
  if (fault === 'unanswered') return;
  if (fault === 'written-and-cut') return void context.cut();
  const response = answerOf(first, { stream, expected, answer });
  if (context.faults.delay === 0) call.write(response);
  else setTimeout(() => call.write(response), context.faults.delay);
}

function notLeader({ address }: ServiceContext): Partial<ServerErrorResponse> {
  const metadata = new Metadata();
  metadata.set('exception', 'not-leader');
  metadata.set('leader-endpoint-host', address().host);
  metadata.set('leader-endpoint-port', String(address().port));
  return { code: status.NOT_FOUND, details: 'Leader info available', metadata };
}
