import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../events/registry.ts';
import { openFileEventLog } from '../../src/adapters/event-log/file/open-file-event-log.ts';
import { writeIdentity } from '../../src/adapters/root/root-directory.ts';
import { seal } from '../../src/app/sealing.ts';

/**
 * How long a daemon takes from its start to "serving", with so many living snapshots and so many events in its log,
 * without a checkpoint and with one. `node build/test/bench/restart.js [SNAPSHOTS] [EVENTS]`, as root.
 */
const [snapshots = 10_000, events = 100_000] = process.argv.slice(2).map(Number);
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const root = mkdtempSync(join(tmpdir(), 'snapledger-restart-'));

/** Layers on one base that live on, and lives that are over, until there are enough events. */
function* history(): Generator<Event> {
  yield { type: 'StoreCreated', data: { store, driver: 'overlay', version: '0' } };
  let id = 0;
  const life = function* (parentId: number | null): Generator<Event> {
    id += 1;
    const parent = parentId === null ? '' : `sha256:${parentId}`;
    const key = `default/${id}/extract-${id} sha256:${id}`;
    yield { type: 'SnapshotPrepared', data: { id, key, kind: 'active', parent, parentId, labels: {} } };
    yield {
      type: 'SnapshotCommitted',
      data: { id, key, name: `sha256:${id}`, parent, parentId, labels: {}, flushed: true },
    };
    yield { type: 'UsageMeasured', data: { id, bytes: 4096, inodes: 1 } };
  };
  let made = 1;
  for (let i = 0; i < snapshots; i++) {
    yield* life(i % 10 === 0 ? null : id);
    made += 3;
  }
  for (; made + 4 < events; made += 5) {
    yield* life(null);
    const key = `sha256:${id}`;
    const gone = {
      kind: 'committed',
      parent: '',
      parentId: null,
      labels: {},
      created: 1n,
      updated: 1n,
      retained: false,
    } as const;
    yield { type: 'SnapshotRemoved', data: { id, key, ...gone } };
    yield { type: 'VolumePurged', data: { id, why: 'removed', bytes: 0 } };
  }
}

async function fill(): Promise<number> {
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  let batch: Event[] = [];
  const append = async () => {
    const clock = () => BigInt(Date.now()) * 1_000_000n;
    const sealed = seal(batch, { store, after: log.end.position, clock, actor: { actor: 'containerd' } });
    await log.append(sealed, { room: 'reserved', flush: 'now' });
    batch = [];
  };
  for (const event of history()) {
    batch.push(event);
    if (batch.length === 1000) await append();
  }
  await append();
  const { position } = log.end;
  await log.close();
  return position;
}

/** Milliseconds from spawn to "serving"; the daemon is then stopped in order, which writes a checkpoint. */
function start(): Promise<number> {
  const began = performance.now();
  const cli = join(import.meta.dirname, '../../src/snapledger.cjs');
  const child = spawn(process.execPath, [cli, 'serve', '--root', root, '--address', join(root, 's.sock')]);
  return new Promise((resolve, reject) => {
    let ready = 0;
    child.stderr.on('data', (text: Buffer) => {
      if (ready > 0 || !text.includes('"msg":"serving"')) return;
      ready = performance.now() - began;
      child.kill('SIGTERM');
    });
    child.on('error', reject);
    child.on('exit', (status) => (status === 0 ? resolve(ready) : reject(new Error(`daemon ended with ${status}`))));
  });
}

try {
  const position = await fill();
  writeIdentity(root, { store, driver: 'overlay' });
  for (let id = 1; id <= snapshots; id++) mkdirSync(join(root, `snapshots/${id}/fs`), { recursive: true });
  const rounds = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < 5; round++) {
    rmSync(join(root, 'checkpoints'), { recursive: true, force: true });
    rounds.without.push(Math.round(await start()));
    rounds.with.push(Math.round(await start()));
  }
  console.log(JSON.stringify({ snapshots, events: position, milliseconds: rounds }));
} finally {
  rmSync(root, { recursive: true });
}
