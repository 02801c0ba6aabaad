import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file.ts';
import { formatHeader } from '../../../src/adapters/event-log/file/header.ts';
import { inspectLog } from '../../../src/adapters/event-log/file/inspect-log.ts';
import { formatLine } from '../../../src/adapters/event-log/file/line.ts';
import { readLogDirectory } from '../../../src/adapters/event-log/file/read-log-directory.ts';

const folder = 'test/golden/log';
const segments = join(folder, 'segments');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const mark = '6f5850d5ecbb7b15db0b65bb2db3babc1bcf0f7b300dfaf39509b34072b04e2f';
const types =
  'StoreCreated StoreOpened StoreClosed SnapshotPrepared SnapshotCommitted SnapshotRemoved SnapshotUpdated PrepareUndone CommitUndone UsageMeasured VolumePurged VolumeRemade VolumeLost OrphanQuarantined OrphanPurged';

const test = suite('the log that the first release wrote');

const lines = readdirSync(segments)
  .sort()
  .flatMap((name) => readFileSync(join(segments, name), 'utf8').split(/(?<=\n)/));

test('is read whole, every kind of event in it', async () => {
  const log = await readLogDirectory(segments);
  const all: Envelope[] = [];
  for await (const batch of log.read(0)) all.push(...batch);
  assert.is(log.store, store);
  assert.equal(log.end, { position: 15, mark });
  assert.is(all.map(({ event }) => event.type).join(' '), types);
  assert.equal(
    all.map(({ id, time }) => [id, time]),
    all.map(({ position }) => [`event-${position}`, BigInt(position) * 1_000_000_000n]),
  );
  const [removed] = all.flatMap(({ event }) => (event.type === 'SnapshotRemoved' ? [event.data] : []));
  assert.is(removed?.created, 1_790_000_000_123_456_789n);
});

test('has nothing that an inspection finds', async () => {
  const { damage, tail, records, segments: count } = await inspectLog(segments);
  assert.equal({ damage, tail, records, count }, { damage: [], tail: null, records: 15, count: 2 });
});

test('is as FORMAT.md says, by nothing but SHA-256, CRC-32 and JSON', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  let previous = sha256(`snapledger.log.v1 ${store}`);
  for (const line of lines) {
    const [, crc, checked = '', hash, body = ''] =
      /^\{"crc":"([0-9a-f]{8})(","hash":"([0-9a-f]{64})","(?:segment|event)":(\{.*\})\}\n)$/.exec(line) ?? [];
    assert.is(crc, crc32(checked).toString(16).padStart(8, '0'));
    const { before } = JSON.parse(body);
    if (before !== undefined) assert.is(before, previous);
    previous = sha256(previous + body);
    assert.is(hash, previous);
  }
  assert.is(previous, mark);
});

test('would be written the same today, byte for byte', () => {
  let previous = '';
  for (const line of lines) {
    const { segment, event } = JSON.parse(line);
    const first = Number(segment?.first);
    const { text, hash } = segment
      ? { text: formatHeader({ ...segment, first }).text, hash: formatHeader({ ...segment, first }).header.hash }
      : formatLine('event', previous, JSON.stringify(event));
    assert.is(text, line);
    previous = hash;
  }
});

test('comes with a checkpoint that is still loaded', async () => {
  const checkpoints = createFileCheckpointStore({ directory: join(folder, 'checkpoints') });
  let loaded = 0;
  for await (const { place, rows } of checkpoints.load((file, why) => assert.unreachable(`${file}: ${why}`))) {
    loaded += 1;
    assert.equal(
      { place, rows: [...rows] },
      {
        place: { position: 15, mark },
        rows: [
          { row: 'life', position: '15' },
          { row: 'snapshot', key: 'ü"\n' },
        ],
      },
    );
  }
  assert.is(loaded, 1);
});

test.run();
