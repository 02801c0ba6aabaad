import { setImmediate } from 'node:timers/promises';
import { type handleServerStreamingCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { either } from 'fp-ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Edge } from './edge.ts';
import { type Info, infoOf, type ListRequest, type ListResponse } from './messages.ts';
import { type CallStatus, errorStatus, refusalStatus } from './status.ts';

type Call = ServerWritableStream<ListRequest, ListResponse>;

/**
 * Streams the snapshots of one state, a page a message. The next page is made when the one before is handed to the
 * connection, and other calls get their turn in between; a caller that hangs up ends it.
 */
export function list({ snapshots, logger, calls }: Edge): handleServerStreamingCall<ListRequest, ListResponse> {
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
  for (const info of pagesOf(snapshots)) {
    if (call.cancelled || call.destroyed) return;
    const written = new Promise<void>((resolve) => call.write({ info }, () => resolve()));
    await Promise.race([written, gone]);
    await setImmediate();
  }
}

/** containerd's own page. */
const mostInfos = 100;
/** UTF-16 units of labels: at three bytes each a page stays well below the 16 MiB that containerd takes. */
const mostText = 1 << 20;

/** Infos in pages of a hundred, fewer where labels are large. */
export function* pagesOf(snapshots: Iterable<Snapshot>): Generator<readonly Info[], void> {
  let page: Info[] = [];
  let text = 0;
  for (const snapshot of snapshots) {
    const size = sizeOf(snapshot);
    if (page.length === mostInfos || (page.length > 0 && text + size > mostText)) {
      yield page;
      page = [];
      text = 0;
    }
    page.push(infoOf(snapshot));
    text += size;
  }
  if (page.length > 0) yield page;
}

function sizeOf({ key, parent, labels }: Snapshot): number {
  let size = key.length + parent.length;
  for (const name in labels) size += name.length + (labels[name]?.length ?? 0);
  return size;
}
