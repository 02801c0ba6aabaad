import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { formatHeader } from '../../../src/adapters/event-log/file/format/header.ts';
import { formatLine } from '../../../src/adapters/event-log/file/format/line.ts';
import { readLogDirectory } from '../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { inspectLog } from '../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { enveloped, oneOfEach } from '../../support/sample-events.ts';

const folder = 'test/golden/log';
const segments = join(folder, 'segments');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const chainHash = '8bfc559a58290b1c8d0ac5518e3159d05d2244edad5aeff77a6cf71879d784e3';
/** The events that its release knew. */
const held = oneOfEach.slice(0, 22);
const test = suite('golden log');

const lines = readdirSync(segments)
  .sort()
  .flatMap((name) => readFileSync(join(segments, name), 'utf8').split(/(?<=\n)/));

test('is read completely, one event of each type of its release', async () => {
  const log = await readLogDirectory(segments);
  const all: Envelope[] = [];
  for await (const batch of log.read(0)) all.push(...batch);
  assert.is(log.store, store);
  assert.equal(log.end, { position: held.length, chainHash });
  assert.equal(all, enveloped(held));
});

test('an inspection finds nothing', async () => {
  const { damage, tail, records, segments: count } = await inspectLog(segments);
  assert.equal({ damage, tail, records, count }, { damage: [], tail: null, records: held.length, count: 2 });
});

test('follows FORMAT.md, checked only with SHA-256, CRC-32 and JSON', () => {
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
  assert.is(previous, chainHash);
});

test('is written the same, byte for byte', () => {
  let previous = '';
  for (const line of lines) {
    const { segment, event } = JSON.parse(line);
    const values = { ...segment, version: 1, first: Number(segment?.first) };
    const { text, hash } = segment
      ? { text: formatHeader(values).text, hash: formatHeader(values).header.hash }
      : formatLine('event', previous, JSON.stringify(event));
    assert.is(text, line);
    previous = hash;
  }
});

test('its checkpoint is loaded', async () => {
  const checkpoints = createFileCheckpointStore({ directory: join(folder, 'checkpoints') });
  let loaded = 0;
  for await (const { at, rows } of checkpoints.load((file, why) => assert.unreachable(`${file}: ${why}`))) {
    loaded += 1;
    assert.equal(
      { at, rows: [...rows] },
      {
        at: { position: 22, chainHash },
        rows: [
          { row: 'store', position: '22' },
          { row: 'retained', key: 'ü"\n' },
        ],
      },
    );
  }
  assert.is(loaded, 1);
});

test.run();
