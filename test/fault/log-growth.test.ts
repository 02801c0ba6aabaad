import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { createSandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { createServing, type Serving } from './serving.ts';

const growth = suite('log growth');

const segmentsIn = (root: string) =>
  readdirSync(join(root, 'log'))
    .filter((name) => /\.log(\.gz)?$/.test(name))
    .sort();
const indexesIn = (root: string) => (existsSync(join(root, 'index')) ? readdirSync(join(root, 'index')).length : 0);
const archivesIn = (root: string) => segmentsIn(root).filter((name) => name.endsWith('.gz'));

/** Prepares and removes until the log has several segments, then stops the daemon, which writes a checkpoint. */
async function churned(serving: Serving): Promise<void> {
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('kept', { labels: { l: 'v' } });
  for (let index = 0; segmentsIn(serving.root).length < 5; index += 1) {
    await client.prepare(`k${index}`, { labels: { l: 'v'.repeat(4000) } });
    await client.remove(`k${index}`);
  }
  client.close();
  await daemon.stop();
}

async function withStore(settings: string, work: (serving: Serving) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('growth');
  try {
    const root = join(sandbox.path, 'root');
    await work(createServing(sandbox, { driver: 'overlay', root, settings }));
  } finally {
    await sandbox.close();
  }
}

growth('is limited by the daemon, which archives segments before the newest checkpoint', async () => {
  await withStore('[log]\nsegment_bytes = "64KiB"\n', async (serving) => {
    await churned(serving);
    const before = segmentsIn(serving.root);
    const events = (await snapledgerRun('log', '--json', '--root', serving.root)).stdout;
    const daemon = await serving.start();
    await waitFor('archives', () => archivesIn(serving.root).length >= before.length - 1);
    assert.not.match(serving.lastWords(), 'maintenance of the log failed');
    assert.ok((await snapledgerRun('log', '--json', '--root', serving.root)).stdout.startsWith(events));
    assert.is((await serving.connect().stat('kept')).labels.l, 'v');
    await daemon.stop();
    assert.is((await snapledgerRun('verify', '--root', serving.root)).status, 0);
  });
});

growth('is not limited if archiving is off', async () => {
  await withStore('[log]\nsegment_bytes = "64KiB"\narchive = false\n', async (serving) => {
    await churned(serving);
    const daemon = await serving.start();
    await waitFor('the indexes of the same work', () => indexesIn(serving.root) > 3);
    await daemon.stop();
    assert.equal(archivesIn(serving.root), []);
  });
});

growth.run();
