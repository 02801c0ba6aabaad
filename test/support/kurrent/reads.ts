import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import streamsPb from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_pb.js';
import { checkpointFrame } from './frames.ts';
import type { StreamFilter } from './log.ts';
import { caughtUp, confirmation, streamNotFound } from './messages.ts';
import type { ServiceContext } from './service.ts';

type ReadCall = ServerWritableStream<ReadReq, ReadResp>;
type Options = ReadReq.Options;

/** Answers a read of a stream or of `$all`, and a subscription to `$all`. */
export async function answerRead(call: ReadCall, context: ServiceContext): Promise<void> {
  const options = call.request.getOptions();
  if (options === undefined) throw new TypeError('a read without options');
  if (options.hasStream()) return readStream(call, options, context);
  if (context.faults.allDenied) return void call.emit('error', accessDenied());
  if (options.hasSubscription()) return subscribe(call, options, context);
  return readAll(call, options, context);
}

async function readStream(call: ReadCall, options: Options, { streams }: ServiceContext): Promise<void> {
  const named = options.getStream();
  if (named === undefined || options.hasSubscription()) throw new TypeError('only $all can be subscribed to here');
  const stream = Buffer.from(named.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
  const from = named.hasEnd() ? 'end' : named.hasStart() ? 0 : Number(named.getRevision());
  const frames = streams.frames(stream, from, directionOf(options), Number(options.getCount()));
  if (frames === undefined) call.write(streamNotFound(stream));
  else await createSender(call).frames(Buffer.concat(frames));
  call.end();
}

/** Forwards from a position inclusively, backwards exclusively, as a server does. */
async function readAll(call: ReadCall, options: Options, { streams, faults }: ServiceContext): Promise<void> {
  const { log } = streams;
  const filter = filterOf(options);
  const sender = createSender(call);
  const position = positionIn(options);
  let left = Number(options.getCount());
  if (directionOf(options) === 'forwards') {
    if (faults.slowPages) return;
    const end = log.length;
    for (let at = position === undefined ? end : log.numberAt(position.inclusive); at < end && left > 0; ) {
      const { frames, events, next } = log.run(at, end, filter, left);
      at = next;
      left -= events;
      if (faults.isSilent() || (events > 0 && !(await sender.frames(frames)))) return;
    }
  } else {
    const before = position === undefined ? log.length : log.numberAt(position.inclusive);
    for (let at = before - 1; at >= 0 && left > 0; at--) {
      if (!log.fits(at, filter)) continue;
      left -= 1;
      if (!(await sender.frames(log.frame(at)))) return;
    }
  }
  call.end();
}

/**
 * What follows a position, exclusively, first what is there, then what is added. A checkpoint follows whenever so many events
 * were looked at; it names the place after the last one, with 0 for the prepare position.
 */
async function subscribe(call: ReadCall, options: Options, context: ServiceContext): Promise<void> {
  const { streams, faults } = context;
  const { log } = streams;
  const filter = filterOf(options);
  const filtering = options.getFilter();
  const interval = (filtering?.getMax() || 32) * (filtering?.getCheckpointintervalmultiplier() || 1);
  const sender = createSender(call);
  const position = positionIn(options);
  let at = position === undefined ? log.length : log.numberAt(position.exclusive);
  let looked = 0;
  let isCaughtUp = false;
  await sender.message(confirmation());
  while (sender.isOpen()) {
    if (faults.isSilent()) {
      await sleep(20);
      continue;
    }
    if (at >= log.length) {
      if (!isCaughtUp && sendsCaughtUp(faults.version)) await sender.message(caughtUp());
      isCaughtUp = true;
      if (at < log.length) continue;
      await sender.appended(streams.onAppend);
      continue;
    }
    const limit = Math.min(interval - looked, faults.cutAfter ?? Number.MAX_SAFE_INTEGER);
    const { frames, events, next } = log.run(at, log.length, filter, Math.max(limit, 1));
    looked += next - at;
    at = next;
    faults.delivered += events;
    if (faults.cutAfter !== undefined && events > 0) faults.cutAfter -= events;
    if (events > 0) await sender.frames(frames);
    if (looked >= interval) {
      looked = 0;
      await sender.frames(Buffer.from(checkpointFrame(log.position(at), 0)));
    }
    if (faults.cutAfter !== undefined && faults.cutAfter <= 0) {
      faults.cutAfter = undefined;
      context.cut();
    }
  }
}

/** Servers report it from 23.10 on. */
function sendsCaughtUp(version = '0.0'): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 10);
}

const directionOf = (options: Options) =>
  options.getReadDirection() === streamsPb.ReadReq.Options.ReadDirection.BACKWARDS ? 'backwards' : 'forwards';

/** Undefined for the end. */
function positionIn(options: Options): { readonly inclusive: number; readonly exclusive: number } | undefined {
  const all = options.getAll();
  if (all === undefined || all.hasEnd()) return undefined;
  if (all.hasStart()) return { inclusive: 0, exclusive: 0 };
  const commit = Number(all.getPosition()?.getCommitPosition());
  const prepare = Number(all.getPosition()?.getPreparePosition());
  // Nothing is at 0 on a server.
  if (commit === 0) return { inclusive: 0, exclusive: 0 };
  return { inclusive: prepare <= commit ? commit : commit + 1, exclusive: prepare < commit ? commit : commit + 1 };
}

const everything: StreamFilter = () => true;
const filters = new Map<string, StreamFilter>();

function filterOf(options: Options): StreamFilter {
  const filter = options.getFilter();
  if (filter === undefined) return everything;
  const prefixes = filter.getStreamIdentifier()?.getPrefixList() ?? [];
  if (prefixes.length === 0) throw new TypeError('only prefixes of stream names can be filtered here');
  const key = prefixes.join(' ');
  const known = filters.get(key) ?? ((stream) => prefixes.some((prefix) => stream.startsWith(prefix)));
  filters.set(key, known);
  return known;
}

function accessDenied() {
  const metadata = new Metadata();
  metadata.set('exception', 'access-denied');
  return { code: status.PERMISSION_DENIED, details: 'Access Denied', metadata };
}

interface Sender {
  isOpen(): boolean;
  /** Sends messages that are written already; resolves with false if the call has ended. */
  frames(frames: Buffer): Promise<boolean>;
  message(response: ReadResp): Promise<boolean>;
  /** Resolves after the next append, or when the call ends. */
  appended(onAppend: (listener: () => void) => () => void): Promise<void>;
}

/** The server's own library sends each message by itself, which takes longer than all the rest. */
function createSender(call: ReadCall): Sender {
  const { stream } = (call as unknown as { call: { stream: import('node:http2').ServerHttp2Stream } }).call;
  const isOpen = () => !stream.destroyed && !stream.closed && !call.cancelled;
  let wake = () => {};
  const woken = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  stream.on('drain', () => wake());
  stream.once('close', () => wake());
  stream.on('error', () => {});
  const send = async (frames: Buffer) => {
    if (!isOpen()) return false;
    if (!stream.headersSent) call.sendMetadata(new Metadata());
    if (!stream.write(frames)) await woken();
    return isOpen();
  };
  return {
    isOpen,
    frames: send,
    message: (response) => {
      const bytes = response.serializeBinary();
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(bytes.length, 1);
      return send(Buffer.concat([prefix, bytes]));
    },
    appended: async (onAppend) => {
      const off = onAppend(() => wake());
      await woken();
      off();
    },
  };
}
