import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import type { StoredEvent } from './streams.ts';

/** An event in the cluster's log. */
export interface LogEntry {
  readonly stream: string;
  readonly revision: number;
  /** commit and prepare position */
  readonly position: number;
  /** milliseconds since 1970 UTC */
  readonly created: number;
  readonly event: StoredEvent;
}

/** The generated stubs take ten times as long to write a message, which is too much for millions of events. */
const scratch = Buffer.allocUnsafeSlow(18 * 1024 * 1024);
let at = 0;

/** The gRPC message (`ReadResp`) that delivers an event, with its prefix of 5 bytes. Valid until the next call. */
export function frameOf({ stream, revision, position, created, event }: LogEntry): Buffer {
  at = scratch.length;
  const { id, type, contentType, data, metadata } = event;
  message(1, () => {
    number(3, position);
    message(1, () => {
      text(8, data, 'base64');
      text(7, metadata, 'base64');
      property('created', String(created * 10_000));
      property('content-type', contentType);
      property('type', type);
      number(5, position);
      number(4, position);
      number(3, revision);
      message(2, () => text(3, stream));
      message(1, () => text(2, id));
    });
  });
  return framed();
}

/** The message that reports a position at which nothing was delivered. */
export function checkpointFrame(commit: number, prepare: number): Buffer {
  at = scratch.length;
  message(3, () => {
    number(2, prepare);
    number(1, commit);
  });
  return framed();
}

/** The event in a frame. */
export function eventIn(frame: Buffer): StoredEvent {
  const record = streamsPb.ReadResp.deserializeBinary(frame.subarray(5)).getEvent()?.getEvent();
  if (record === undefined) throw new TypeError('a frame without an event');
  return {
    id: record.getId()?.getString() ?? '',
    type: record.getMetadataMap().get('type') ?? '',
    contentType: record.getMetadataMap().get('content-type') ?? '',
    data: record.getData_asB64(),
    metadata: record.getCustomMetadata_asB64(),
  };
}

/** Stream and revision of the event in a frame of `frameOf`, and where the frame ends. */
export function headOf(bytes: Buffer, start: number): { stream: string; revision: number; end: number } {
  const end = start + 5 + bytes.readUInt32BE(start + 1);
  let here = start + 5;
  const length = (tag: number) => {
    if (bytes[here] !== tag) throw new TypeError(`not a frame of frameOf at ${here}`);
    here += 1;
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[here++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  length(0x0a);
  length(0x0a);
  const id = length(0x0a);
  here += id;
  length(0x12);
  const name = length(0x1a);
  const stream = bytes.toString('utf8', here, here + name);
  here += name;
  return { stream, revision: length(0x18), end };
}

// A message is written from its end, so that its length is known when its beginning is written.

function framed(): Buffer {
  const length = scratch.length - at;
  at -= 5;
  scratch.writeUInt8(0, at);
  scratch.writeUInt32BE(length, at + 1);
  return scratch.subarray(at);
}

function varint(value: number): void {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  at -= bytes;
  let rest = value;
  for (let index = 0; index < bytes; index++) {
    scratch[at + index] = (rest % 128) | (index < bytes - 1 ? 128 : 0);
    rest = Math.floor(rest / 128);
  }
}

function number(field: number, value: number): void {
  varint(value);
  varint(field * 8);
}

function text(field: number, value: string, encoding: BufferEncoding = 'utf8'): void {
  const length = Buffer.byteLength(value, encoding);
  at -= length;
  scratch.write(value, at, encoding);
  varint(length);
  varint(field * 8 + 2);
}

function message(field: number, content: () => void): void {
  const end = at;
  content();
  varint(end - at);
  varint(field * 8 + 2);
}

function property(key: string, value: string): void {
  message(6, () => {
    text(2, value);
    text(1, key);
  });
}
