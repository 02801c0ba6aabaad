import { setImmediate } from 'node:timers/promises';
import { type handleServerStreamingCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { either } from 'fp-ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Edge } from './edge.ts';
import { encodedInfo } from './encoded-info.ts';
import type { ListRequest } from './messages.ts';
import { type CallStatus, errorStatus, refusalStatus } from './status.ts';

type Call = ServerWritableStream<ListRequest, readonly Buffer[]>;

/**
 * Streams the snapshots of one state, a page a message. The next page is made when the one before is handed to the
 * connection, and other calls get their turn in between; a caller that hangs up ends it.
 */
export function list({ snapshots, logger, calls }: Edge): handleServerStreamingCall<ListRequest, readonly Buffer[]> {
  const send = async (call: Call): Promise<CallStatus | undefined> => {
    try {
      const answer = snapshots.list(call.request.filters);
      if (either.isLeft(answer)) return refusalStatus(answer.left);
      await sendPages(call, answer.right);
      return undefined;
    } catch (error) {
      logger.error({ err: error, method: 'List' }, 'call failed');
      return errorStatus(error);
    }
  };
  return (call) => {
    const finished = calls.begin('List');
    void send(call).then((failure) => {
      finished(call.cancelled ? status.CANCELLED : (failure?.code ?? status.OK));
      if (failure !== undefined && !call.destroyed) call.emit('error', failure);
      else call.end();
    });
  };
}

async function sendPages(call: Call, snapshots: Iterable<Snapshot>): Promise<void> {
  const gone = new Promise<void>((resolve) => call.once('close', resolve));
  for (const page of pagesOf(snapshots)) {
    if (call.cancelled || call.destroyed) return;
    const written = new Promise<void>((resolve) => call.write(page, () => resolve()));
    await Promise.race([written, gone]);
    await setImmediate();
  }
}

/** containerd's own page. */
const mostInfos = 100;
/** In bytes: well below the 16 MiB that containerd takes. */
const mostBytes = 8 * 1024 * 1024;

/**
 * Encoded infos in pages of a hundred, fewer where labels are large. An info in a List is, on the wire, what Stat answers:
 * both are the message's field 1.
 */
export function* pagesOf(snapshots: Iterable<Snapshot>): Generator<readonly Buffer[], void> {
  let page: Buffer[] = [];
  let bytes = 0;
  for (const snapshot of snapshots) {
    const info = encodedInfo(snapshot);
    if (page.length === mostInfos || (page.length > 0 && bytes + info.length > mostBytes)) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(info);
    bytes += info.length;
  }
  if (page.length > 0) yield page;
}
