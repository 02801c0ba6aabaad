import type { IncomingHttpHeaders } from 'node:http2';
import * as either from 'fp-ts/lib/Either.js';
import type { OpenKind } from '../../events/codecs.ts';
import type { Meta } from '../../events/envelope.ts';
import type { Handler } from './call.ts';
import type { GrpcDeps } from './call-watch.ts';
import { list } from './list.ts';
import {
  type CommitRequest,
  encodeEmpty,
  encodeInfo,
  encodeMounts,
  encodeUsage,
  type KeyRequest,
  type OpenRequest,
  type UpdateRequest,
} from './messages.ts';
import { unary } from './unary.ts';

/** containerd's ten calls, each as one use case. */
export function createHandlers(edge: GrpcDeps): Readonly<Record<string, Handler>> {
  const { snapshots } = edge;
  const open =
    (kind: OpenKind) =>
    ({ key, parent, labels }: OpenRequest, headers: IncomingHttpHeaders) =>
      snapshots.prepare({ type: 'Prepare', kind, key, parent, labels }, actorOf(headers));
  const commit = ({ key, name, parent, labels }: CommitRequest, headers: IncomingHttpHeaders) =>
    snapshots.commit({ type: 'Commit', key, name, parent, labels }, actorOf(headers));
  const remove = ({ key }: KeyRequest, headers: IncomingHttpHeaders) =>
    snapshots.remove({ type: 'Remove', key }, actorOf(headers));
  const update = (request: UpdateRequest, headers: IncomingHttpHeaders) =>
    snapshots.update(updateOf(request), actorOf(headers));
  return {
    Prepare: unary(edge, 'Prepare', open('active'), encodeMounts),
    View: unary(edge, 'View', open('view'), encodeMounts),
    Mounts: unary(edge, 'Mounts', ({ key }: KeyRequest) => snapshots.mounts(key), encodeMounts),
    Commit: unary(edge, 'Commit', commit, encodeEmpty),
    Remove: unary(edge, 'Remove', remove, encodeEmpty),
    Stat: unary(edge, 'Stat', ({ key }: KeyRequest) => snapshots.stat(key), encodeInfo),
    Update: unary(edge, 'Update', update, encodeInfo),
    List: list(edge),
    Usage: unary(edge, 'Usage', ({ key }: KeyRequest, _, call) => snapshots.usage(key, call), encodeUsage),
    Cleanup: unary(edge, 'Cleanup', async () => either.right(await snapshots.cleanup()), encodeEmpty),
  };
}

function updateOf({ info, updateMask }: UpdateRequest) {
  const { name: key, labels } = info ?? { name: '', labels: {} };
  return { type: 'Update', key, labels, mask: updateMask?.paths ?? [] } as const;
}

/** The headers of a client that are recorded, and their names there. */
const headers = [
  ['namespace', 'containerd-namespace'],
  ['lease', 'containerd-lease'],
  ['trace', 'traceparent'],
  ['peer', 'user-agent'],
] as const;

/** Bytes of a recorded value; longer ones are cut, since they go into the log with every event. */
const maxHeaderLength = 256;

/** The client, by the headers of its call; absent and empty ones are left out. */
function actorOf(sent: IncomingHttpHeaders): Meta {
  const actor: Record<string, string> = { actor: 'containerd' };
  for (const [name, header] of headers) {
    const value = sent[header];
    // Header values are bytes, one to a character.
    if (typeof value === 'string' && value !== '') actor[name] = value.slice(0, maxHeaderLength);
  }
  return actor;
}
