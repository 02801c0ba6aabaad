import { randomUUID } from 'node:crypto';
import sharedPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import statusPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/status_pb.js';
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadResp,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import anyPb from 'google-protobuf/google/protobuf/any_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { AppendAnswer, Expected, StoredEvent } from './streams.ts';

/** The events of a part of an append. */
export function proposalsOf(request: BatchAppendReq): readonly StoredEvent[] {
  return request.getProposedMessagesList().map((message) => ({
    id: message.getId()?.getString() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asB64(),
    metadata: message.getCustomMetadata_asB64(),
  }));
}

export function expectedOf(options: BatchAppendReq.Options): Expected {
  if (options.hasStreamPosition()) return Number(options.getStreamPosition());
  if (options.hasNoStream()) return 'none';
  return options.hasStreamExists() ? 'exists' : 'any';
}

interface Answered {
  readonly stream: string;
  readonly expected: Expected;
  readonly answer: AppendAnswer;
}

export function answerOf(request: BatchAppendReq, { stream, expected, answer }: Answered): BatchAppendResp {
  const response = new streamsPb.BatchAppendResp();
  response.setCorrelationId(request.getCorrelationId());
  response.setStreamIdentifier(identifier(stream));
  if ('revision' in answer) {
    const success = new streamsPb.BatchAppendResp.Success();
    success.setCurrentRevision(String(answer.revision));
    success.setNoPosition(new emptyPb.Empty());
    response.setSuccess(success);
  } else response.setError(wrongVersion(expected, answer.wrong));
  return response;
}

/** The answer to an append over the size limit of the cluster. */
export function tooLargeFor(request: BatchAppendReq, stream: string, limit: number): BatchAppendResp {
  const details = new sharedPb.MaximumAppendSizeExceeded();
  details.setMaxappendsize(limit);
  const any = new anyPb.Any();
  any.pack(details.serializeBinary(), 'event_store.client.MaximumAppendSizeExceeded');
  const status = new statusPb.Status();
  status.setCode(3);
  status.setMessage('MaximumAppendSizeExceeded');
  status.setDetails(any);
  const response = new streamsPb.BatchAppendResp();
  response.setCorrelationId(request.getCorrelationId());
  response.setStreamIdentifier(identifier(stream));
  response.setError(status);
  return response;
}

function wrongVersion(expected: Expected, current: number | 'none'): InstanceType<typeof statusPb.Status> {
  const details = new sharedPb.WrongExpectedVersion();
  if (current === 'none') details.setCurrentNoStream(new emptyPb.Empty());
  else details.setCurrentStreamRevision(String(current));
  if (typeof expected === 'number') details.setExpectedStreamPosition(String(expected));
  else details.setExpectedNoStream(new emptyPb.Empty());
  const any = new anyPb.Any();
  any.pack(details.serializeBinary(), 'event_store.client.WrongExpectedVersion');
  const status = new statusPb.Status();
  status.setCode(9);
  status.setMessage('WrongExpectedVersion');
  status.setDetails(any);
  return status;
}

const identifier = (stream: string) => {
  const named = new sharedPb.StreamIdentifier();
  named.setStreamName(Buffer.from(stream).toString('base64'));
  return named;
};

/** The answer to a read of a stream that does not exist. */
export function streamNotFound(stream: string): ReadResp {
  const response = new streamsPb.ReadResp();
  const missing = new streamsPb.ReadResp.StreamNotFound();
  missing.setStreamIdentifier(identifier(stream));
  response.setStreamNotFound(missing);
  return response;
}

/** The first message of a subscription. */
export function confirmation(): ReadResp {
  const response = new streamsPb.ReadResp();
  const confirmed = new streamsPb.ReadResp.SubscriptionConfirmation();
  confirmed.setSubscriptionId(randomUUID());
  response.setConfirmation(confirmed);
  return response;
}

/** The message that reports that a subscription has reached the end. */
export function caughtUp(): ReadResp {
  const response = new streamsPb.ReadResp();
  response.setCaughtUp(new streamsPb.ReadResp.CaughtUp());
  return response;
}
