import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Meta } from '../../events/envelope.ts';
import type { Asker } from '../../src/app/background/usage-meter.ts';
import type { Command } from '../../src/domain/commands.ts';
import { methodOf } from '../../src/grpc/protocol.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeEdges, expireAtServer, found, type OpenedEdge, openEdge, sampleSnapshot } from './opened-edge.ts';

const calls = suite('gRPC calls');
calls.after.each(closeEdges);
const mount = { type: 'overlay', source: 'overlay', target: '', options: ['lowerdir=/a:/b', 'index=off'] };
const labels = { 'containerd.io/snapshot.ref': 'sha256:abc', plain: 'é 😀' };

interface Recorder {
  readonly asked: unknown[];
  readonly actors: Meta[];
  readonly edge: OpenedEdge;
}

const isMeta = (actor: Meta | Asker | undefined): actor is Meta => actor !== undefined && !('ended' in actor);

async function recorded(): Promise<Recorder> {
  const asked: unknown[] = [];
  const actors: Meta[] = [];
  const note =
    <T>(answer: T) =>
    async (command: Command | string, actor?: Meta | Asker) => {
      asked.push(command);
      if (isMeta(actor)) actors.push(actor);
      return either.right(answer);
    };
  const edge = await openEdge({
    prepare: note([mount]),
    commit: note(undefined),
    remove: note(undefined),
    update: note(sampleSnapshot('k', { kind: 'committed' })),
    mounts: note([mount]),
    usage: note({ bytes: 2 ** 53 - 1, inodes: 7 }),
    cleanup: async () => void asked.push('cleanup'),
  });
  return { asked, actors, edge };
}

calls('pass every field to the use case and every answer back', async () => {
  const { asked, edge } = await recorded();
  const opened = { snapshotter: 'x', key: 'k', parent: 'p', labels };
  const response = { mounts: [mount] };
  assert.equal(await edge.call('Prepare', opened), { code: 'OK', details: '', response });
  assert.equal(await edge.call('View', opened), { code: 'OK', details: '', response });
  assert.equal((await edge.call('Mounts', { key: 'k' })).response, response);
  assert.equal((await edge.call('Commit', { key: 'k', name: 'n', parent: 'p', labels })).response, {});
  assert.equal((await edge.call('Commit', { key: 'k', name: 'n' })).response, {});
  assert.equal((await edge.call('Remove', { key: 'k' })).response, {});
  assert.equal((await edge.call('Usage', { key: 'k' })).response, { size: '9007199254740991', inodes: '7' });
  assert.equal((await edge.call('Cleanup', {})).response, {});
  const command = { key: 'k', parent: 'p', labels };
  assert.equal(asked, [
    { type: 'Prepare', kind: 'active', ...command },
    { type: 'Prepare', kind: 'view', ...command },
    'k',
    { type: 'Commit', name: 'n', ...command },
    { type: 'Commit', key: 'k', name: 'n', parent: '', labels: {} },
    { type: 'Remove', key: 'k' },
    'k',
    'cleanup',
  ]);
});

calls('pass an update with any mask, with none, and without info', async () => {
  const { asked, edge } = await recorded();
  const paths = ['labels.containerd.io/gc.root', 'parent', 'no such (path)'];
  await edge.call('Update', { info: { name: 'k', parent: 'ignored', labels }, updateMask: { paths } });
  await edge.call('Update', { info: { name: 'k', labels } });
  await edge.call('Update', {});
  assert.equal(asked, [
    { type: 'Update', key: 'k', labels, mask: paths },
    { type: 'Update', key: 'k', labels, mask: [] },
    { type: 'Update', key: '', labels: {}, mask: [] },
  ]);
});

calls('encode kinds, and times to the nanosecond', async () => {
  const kinds = ['view', 'active', 'committed'] as const;
  const updated = 253_402_300_799_999_999_999n;
  const edge = await openEdge({
    stat: (key) => found(sampleSnapshot(key, { kind: kinds[Number(key)] ?? 'view', parent: 'p', updated })),
  });
  for (const index of kinds.keys()) {
    const { response } = await edge.call('Stat', { key: String(index) });
    assert.equal(response, {
      info: {
        name: String(index),
        parent: 'p',
        kind: index + 1,
        createdAt: { seconds: '1700000000', nanos: 123_456_789 },
        updatedAt: { seconds: '253402300799', nanos: 999_999_999 },
        labels: { 'containerd.io/gc.root': 'now' },
      },
    });
  }
});

calls('pass the actor to the use case', async () => {
  const { actors, edge } = await recorded();
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const headers = { 'containerd-namespace': 'k8s.io', 'containerd-lease': 'l'.repeat(300), traceparent: trace };
  await edge.call('Prepare', { key: 'k' }, { headers });
  await edge.call('Remove', { key: 'k' });
  const [{ peer, ...first } = {}, second] = actors;
  assert.equal(first, { actor: 'containerd', namespace: 'k8s.io', lease: 'l'.repeat(256), trace });
  assert.match(peer ?? '', /^grpc-node-js/);
  assert.equal(Object.keys(second ?? {}), ['actor', 'peer']);
});

calls('are observed with their method and status', async () => {
  const edge = await openEdge({ stat: (key) => found(sampleSnapshot(key)) });
  await edge.call('Stat', { key: 'k' });
  await edge.call('Mounts', { key: 'k' });
  assert.equal(edge.observed, ['Stat OK', 'Mounts UNIMPLEMENTED']);
});

calls('are observed with the status that was sent', async () => {
  const options = Array.from({ length: 5000 }, () => 'o'.repeat(4000));
  const edge = await openEdge({ mounts: async () => either.right([{ ...mount, options }]) });
  const { code, details } = await edge.call('Mounts', { key: 'k' });
  assert.is(code, 'RESOURCE_EXHAUSTED');
  assert.match(details, 'a message may have 16777216');
  assert.equal(edge.observed, ['Mounts RESOURCE_EXHAUSTED']);
});

calls('release a call that is cancelled', async () => {
  const signals: AbortSignal[] = [];
  const edge = await openEdge({
    usage: (_key, asker) =>
      new Promise((_, reject) => {
        const signal = asker?.ended;
        if (signal === undefined) return;
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  });
  const { path, requestSerialize, responseDeserialize } = methodOf('Usage');
  const asked = edge.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { key: 'k' }, () => {});
  await waitFor('the call', () => signals.length === 1);
  asked.cancel();
  await waitFor('the call to be counted', () => edge.observed.includes('Usage CANCELLED'));
  assert.equal([signals[0]?.aborted, edge.errors.length], [true, 0]);
  await expireAtServer(edge, 'Usage', () => signals.length > 1);
  await waitFor('the second to be left', () => signals[1]?.aborted === true);
});

calls.run();
