import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dataOf } from '../adapters/event-log/file/file-log.ts';
import { snapledgerRun } from '../cli/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';
import { createServing, type Serving } from './serving.ts';

const limits = suite('limits of labels, keys and names');

/** A served store on overlay, whose every change is answered, or is not in the log. */
async function served(work: (client: SnapshotsClient, serving: Serving) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('limits');
  try {
    const serving = createServing(sandbox, {
      driver: 'overlay',
      root: join(sandbox.path, 'root'),
      retention: 'enabled = true',
    });
    await serving.start();
    await work(serving.connect(), serving);
  } finally {
    await sandbox.close();
  }
}

/** The status of a call. */
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'OK',
    (error: unknown) => (error instanceof CallFailure ? error.code : Promise.reject(error)),
  );

/** The number of events in the log about the requested key. */
async function eventsIn({ root }: Serving): Promise<number> {
  const { stdout } = await snapledgerRun('log', '--json', '--root', root);
  return stdout.split('\n').filter((line) => line.includes('"type":"Snapshot')).length;
}

/** Labels of exactly that many bytes in total, at most 4 KiB each. */
function labelsOf(bytes: number): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let left = bytes, index = 0; left > 0; index += 1) {
    const size = Math.min(left, 4096);
    const key = `l${index}`;
    labels[key] = 'v'.repeat(size - key.length);
    left -= size;
  }
  return labels;
}

const together = 65_536;
const longest = 'k'.repeat(4096);

limits('hold at every label change: the last byte that fits is accepted, one more leaves no event', async () => {
  await served(async (client, serving) => {
    const full = labelsOf(together);
    const over = { ...full, x: '1' };
    await client.prepare('active');
    await client.prepare('layer');
    const before = await eventsIn(serving);
    assert.is(await codeOf(client.prepare('p', { labels: over })), 'INVALID_ARGUMENT');
    assert.is(await codeOf(client.view('v', { labels: over })), 'INVALID_ARGUMENT');
    assert.is(await codeOf(client.commit('c', 'layer', { labels: over })), 'INVALID_ARGUMENT');
    assert.is(await codeOf(client.update('active', over)), 'INVALID_ARGUMENT');
    assert.is(await eventsIn(serving), before);
    assert.is(await codeOf(client.prepare('p', { labels: full })), 'OK');
    assert.is(await codeOf(client.view('v', { labels: full })), 'OK');
    assert.is(await codeOf(client.commit('c', 'layer', { labels: full })), 'OK');
    assert.is(await codeOf(client.update('active', full)), 'OK');
    assert.equal((await client.stat('c')).labels, full);
    assert.is(await codeOf(client.remove('c')), 'OK');
    const restored = await snapledgerRun('restore', 'c', '--root', serving.root);
    assert.is(restored.status, 0, restored.stderr);
    assert.equal((await client.stat('c')).labels, full);
  });
});

limits('hold for keys and names, and every request is answered', async () => {
  await served(async (client, serving) => {
    assert.is(await codeOf(client.prepare(longest)), 'OK');
    assert.is(await codeOf(client.commit(`n${longest.slice(1)}`, longest, { labels: labelsOf(together) })), 'OK');
    assert.is(await codeOf(client.prepare(longest, { parent: `n${longest.slice(1)}` })), 'OK');
    const before = await eventsIn(serving);
    const tooLong = `${longest}k`;
    const huge = 'é'.repeat(5_000_000);
    for (const text of [tooLong, huge]) {
      assert.is(await codeOf(client.prepare(text)), 'INVALID_ARGUMENT');
      assert.is(await codeOf(client.view(text)), 'INVALID_ARGUMENT');
      assert.is(await codeOf(client.prepare('k', { parent: text })), 'NOT_FOUND');
      assert.is(await codeOf(client.commit(text, longest)), 'INVALID_ARGUMENT');
      assert.is(await codeOf(client.commit('n', text)), 'INVALID_ARGUMENT');
      assert.is(await codeOf(client.remove(text)), 'INVALID_ARGUMENT');
      assert.is(await codeOf(client.update(text, {})), 'INVALID_ARGUMENT');
      assert.is(await codeOf(client.mounts(text)), 'NOT_FOUND');
      assert.is(await codeOf(client.stat(text)), 'NOT_FOUND');
      assert.is(await codeOf(client.usage(text)), 'NOT_FOUND');
      assert.is(await codeOf(client.list([`name=="${text}"`])), text === huge ? 'INVALID_ARGUMENT' : 'OK');
      assert.is(await codeOf(client.list([`name=${text}`])), 'INVALID_ARGUMENT');
    }
    assert.is(await eventsIn(serving), before);
    assert.equal((await client.list()).map(({ name }) => name).sort(), [longest, `n${longest.slice(1)}`].sort());
  });
});

limits('keep the log small, and Stat and List answered, for any requested labels', async () => {
  await served(async (client, serving) => {
    const names = Array.from({ length: 100 }, (_, index) => `k${index}`);
    await Promise.all(names.map((name) => client.prepare(name, { labels: labelsOf(together) })));
    assert.is((await client.list()).length, 100);
    await client.prepare('updated');
    const labels: Record<string, string> = {};
    const codes: string[] = [];
    const before = dataOf(join(serving.root, 'log/00000000000000000001.log')).length;
    for (let index = 0; index < 30; index += 1) {
      labels[`l${index}`] = 'v'.repeat(4000);
      codes.push(await codeOf(client.update('updated', labels)));
    }
    assert.equal([codes.indexOf('INVALID_ARGUMENT'), codes.lastIndexOf('OK')], [16, 15]);
    const grown = dataOf(join(serving.root, 'log/00000000000000000001.log')).length - before;
    assert.ok(grown < 16 * 5_000, `${grown} bytes for 16 labels`);
    assert.is(Object.keys((await client.stat('updated')).labels).length, 16);
    assert.is((await client.list()).length, 101);
  });
});

limits.run();
