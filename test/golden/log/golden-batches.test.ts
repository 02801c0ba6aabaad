import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { formatHeader } from '../../../src/adapters/event-log/file/format/header.ts';
import { bodyOf, chainLines, encodeBatch } from '../../../src/adapters/event-log/file/format/line.ts';
import { readLogDirectory } from '../../../src/adapters/event-log/file/read/read-log-directory.ts';
import { inspectLog } from '../../../src/adapters/event-log/file/verify/inspect-log.ts';
import { enveloped, oneOfEach } from '../../support/sample-events.ts';

const directory = 'test/golden/log/batches';
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const bytes = readFileSync(join(directory, '00000000000000000001.log'));
const lines = bytes.toString().split(/(?<=\n)/);
const events = enveloped(oneOfEach.slice(0, 22));
/** The events of each batch: from one, up to another. */
const batches = [
  [0, 1],
  [1, 5],
  [5, 6],
  [6, events.length],
] as const;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const test = suite('golden log in batches');

test('is read completely, and an inspection finds nothing', async () => {
  const log = await readLogDirectory(directory);
  const all: Envelope[] = [];
  for await (const batch of log.read(0)) all.push(...batch);
  assert.equal(all, events);
  assert.is(log.store, store);
  const { damage, tail, records } = await inspectLog(directory);
  assert.equal({ damage, tail, records }, { damage: [], tail: null, records: events.length });
});

test('follows FORMAT.md, checked only with SHA-256, CRC-32 and JSON', () => {
  const [header = '', ...rest] = lines;
  let previous = JSON.parse(header).hash;
  assert.is(JSON.parse(header).segment.format, 'snapledger.log.v2');
  assert.is(JSON.parse(header).segment.before, sha256(`snapledger.log.v1 ${store}`));
  const ends = new Set<number>();
  let at = Buffer.byteLength(header);
  for (const line of rest) {
    const [, crc, checked = '', hash, left, body = ''] =
      /^\{"crc":"([0-9a-f]{8})(","hash":"([0-9a-f]{64})","batch":"([0-9]{10})","event":(\{.*\})\}\n)$/.exec(line) ?? [];
    assert.is(crc, crc32(checked).toString(16).padStart(8, '0'));
    assert.is(hash, sha256(previous + body));
    previous = hash;
    ends.add(at + Number(left));
    at += Buffer.byteLength(line);
  }
  assert.is(ends.size, batches.length);
  assert.ok(ends.has(bytes.length));
});

test('is written the same, byte for byte', () => {
  const before = sha256(`snapledger.log.v1 ${store}`);
  const { header, text } = formatHeader({ store, first: 1, before });
  const written: Buffer[] = [Buffer.from(text)];
  let previous = header.hash;
  for (const [from, to] of batches) {
    const chained = chainLines(previous, events.slice(from, to).map(bodyOf));
    written.push(encodeBatch(chained));
    previous = chained.at(-1)?.hash ?? '';
  }
  assert.is(Buffer.concat(written).toString(), bytes.toString());
});

test.run();
