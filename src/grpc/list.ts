import { setImmediate } from 'node:timers/promises';
import * as either from 'fp-ts/lib/Either.js';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { Call, Handler } from './call.ts';
import type { GrpcDeps } from './call-watch.ts';
import { decoded, readMessage } from './framing.ts';
import { encodeInfo, type ListRequest } from './messages.ts';
import { methodOf } from './protocol.ts';
import { type CallStatus, errorStatus, refusalStatus } from './status.ts';

const method = methodOf('List');

/**
 * Streams the snapshots of one state, a page a message. The next page is made when the one before is handed to the
 * connection, and other calls get their turn in between; a caller that hangs up ends it.
 */
export function list({ snapshots, logger, calls }: GrpcDeps): Handler {
  const send = async (call: Call, { filters }: ListRequest): Promise<CallStatus | undefined> => {
    try {
      const answer = snapshots.list(filters);
      if (either.isLeft(answer)) return refusalStatus(answer.left);
      await sendPages(call, answer.right);
      return undefined;
    } catch (error) {
      logger.error({ err: error, method: 'List' }, 'call failed');
      return errorStatus(error);
    }
  };
  return (call) =>
    readMessage(call.stream, async (message) => {
      const finished = calls.begin('List');
      const request = either.isLeft(message) ? message : decoded<ListRequest>(method, message.right);
      const failure = either.isLeft(request) ? request.left : await send(call, request.right);
      if (failure === undefined) call.end();
      else call.fail(failure);
      finished(call.code);
    });
}

async function sendPages(call: Call, snapshots: Iterable<Snapshot>): Promise<void> {
  for (const page of pagesOf(snapshots)) {
    if (call.gone) return;
    await call.send(Buffer.concat(page));
    await setImmediate();
  }
}

/** containerd's own page. */
const maxPageInfos = 100;
/** In bytes: well below the 16 MiB that containerd takes. */
const maxPageBytes = 8 * 1024 * 1024;

/**
 * Encoded infos in pages of a hundred, fewer where labels are large. An info in a List is, on the wire, what Stat answers:
 * both are the message's field 1.
 */
export function* pagesOf(snapshots: Iterable<Snapshot>): Generator<readonly Buffer[], void> {
  let page: Buffer[] = [];
  let bytes = 0;
  for (const snapshot of snapshots) {
    const info = encodeInfo(snapshot);
    if (page.length === maxPageInfos || (page.length > 0 && bytes + info.length > maxPageBytes)) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(info);
    bytes += info.length;
  }
  if (page.length > 0) yield page;
}
