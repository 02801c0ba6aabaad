import { readdirSync, readFileSync } from 'node:fs';
import { either } from 'fp-ts';
import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decimal, Nanoseconds } from '../../events/codecs.ts';
import { decodeEnvelope, encodeEnvelope } from '../../events/envelope.ts';
import { eventCodecs } from '../../events/registry.ts';
import { Root } from '../../events/store-events.ts';
import { oneOfEach, withOptional } from '../support/sample-events.ts';

const test = suite('golden files');
const folder = 'test/golden/events';

test('there is one for every event', () => {
  const names = [...Object.values(eventCodecs).map(({ name }) => name), ...Object.keys(withOptional)];
  const shipped = names.map((name) => `${name}.json`);
  assert.equal(readdirSync(folder).sort(), shipped.sort());
});

test('each is decoded, and written the same', () => {
  const plain = oneOfEach.map((event) => [eventCodecs[event.type].name, event] as const);
  for (const [name, event] of [...plain, ...Object.entries(withOptional)]) {
    const golden = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));
    const decoded = decodeEnvelope(golden);
    assert.ok(either.isRight(decoded), name);
    assert.equal(decoded.right.event, event);
    assert.equal(JSON.parse(JSON.stringify(encodeEnvelope(decoded.right))), golden);
  }
});

/** The fields that releases before the optional ones knew. */
const before = {
  'StoreOpened.v1': t.type({ store: t.string, pid: Decimal, found: t.record(t.string, Decimal), root: Root }),
  'ContainerdObserved.v1': t.type({ topic: t.string, namespace: t.string, name: t.string, at: Nanoseconds }),
} as const;

test('earlier releases read events with fields that they do not know, and forward them unchanged', () => {
  for (const name of Object.keys(withOptional).filter((one) => !one.startsWith('SnapshotCommitted'))) {
    const { type, data } = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));
    const codec: t.Mixed | undefined = before[type as keyof typeof before];
    const decoded = codec?.decode(data);
    assert.ok(codec !== undefined && decoded !== undefined && either.isRight(decoded), name);
    assert.equal(JSON.parse(JSON.stringify(codec.encode(decoded.right))), data);
  }
});

test.run();
