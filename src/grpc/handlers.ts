import type { IncomingHttpHeaders } from 'node:http2';
import * as either from 'fp-ts/lib/Either.js';
import type { OpenKind } from '../../events/codecs.ts';
import type { Answer } from '../domain/refusal.ts';
import type { Usage } from '../ports/volume-driver.ts';
import { actorOf } from './actor-of.ts';
import type { Handler } from './call.ts';
import type { GrpcDeps } from './call-watch.ts';
import { encodedInfo, encodedMounts } from './encoded.ts';
import { list } from './list.ts';
import type { CommitRequest, Empty, KeyRequest, OpenRequest, UpdateRequest, UsageResponse } from './messages.ts';
import { unary } from './unary.ts';

/** containerd's ten calls, each as one use case. */
export function createHandlers(edge: GrpcDeps): Readonly<Record<string, Handler>> {
  const { snapshots } = edge;
  const open =
    (kind: OpenKind) =>
    async ({ key, parent, labels }: OpenRequest, headers: IncomingHttpHeaders) =>
      mountsResponse(await snapshots.prepare({ type: 'Prepare', kind, key, parent, labels }, actorOf(headers)));
  return {
    Prepare: unary(edge, 'Prepare', open('active')),
    View: unary(edge, 'View', open('view')),
    Mounts: unary(edge, 'Mounts', async ({ key }: KeyRequest) => mountsResponse(await snapshots.mounts(key))),
    Commit: unary(edge, 'Commit', async ({ key, name, parent, labels }: CommitRequest, headers) =>
      emptyResponse(await snapshots.commit({ type: 'Commit', key, name, parent, labels }, actorOf(headers))),
    ),
    Remove: unary(edge, 'Remove', async ({ key }: KeyRequest, headers) =>
      emptyResponse(await snapshots.remove({ type: 'Remove', key }, actorOf(headers))),
    ),
    Stat: unary(edge, 'Stat', ({ key }: KeyRequest) => infoResponse(snapshots.stat(key))),
    Update: unary(edge, 'Update', async (request: UpdateRequest, headers) =>
      infoResponse(await snapshots.update(updateOf(request), actorOf(headers))),
    ),
    List: list(edge),
    Usage: unary(edge, 'Usage', async ({ key }: KeyRequest, _headers, call) =>
      usageResponse(await snapshots.usage(key, call.ended)),
    ),
    Cleanup: unary(edge, 'Cleanup', async () => emptyResponse(either.right(await snapshots.cleanup()))),
  };
}

function updateOf({ info, updateMask }: UpdateRequest) {
  const { name: key, labels } = info ?? { name: '', labels: {} };
  return { type: 'Update', key, labels, mask: updateMask?.paths ?? [] } as const;
}

const mountsResponse = either.map(encodedMounts);
const infoResponse = either.map(encodedInfo);
const usageResponse = either.map(({ bytes, inodes }: Usage): UsageResponse => ({ size: bytes, inodes }));
const emptyResponse: (answer: Answer<void>) => Answer<Empty> = either.map(() => ({}));
