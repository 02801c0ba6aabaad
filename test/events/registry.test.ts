import { either } from 'fp-ts';
import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRegistry, registry, versions } from '../../events/registry.ts';
import { oneOfEach } from '../support/sample-events.ts';

const test = suite('events/registry');

test('the samples hold one of each event of the registry', () => {
  assert.equal(oneOfEach.map(({ type }) => type).sort(), Object.keys(versions).sort());
});

test('every event comes back from its wire form', () => {
  for (const event of oneOfEach) {
    const wire = JSON.parse(JSON.stringify(registry.encode(event)));
    assert.is(wire.type, `${event.type}.v${versions[event.type].length}`);
    assert.equal(registry.decode(wire), either.right(event));
  }
});

test('an unknown type is refused by its name', () => {
  const refused = registry.decode({ type: 'SnapshotPainted.v1', data: {} });
  assert.ok(either.isLeft(refused) && refused.left.includes('"SnapshotPainted.v1"'));
  assert.throws(() => registry.encode({ type: 'SnapshotPainted', data: {} } as never), /not in the registry/);
});

test('wrong data is refused with the type and the path', () => {
  const refused = registry.decode({ type: 'UsageMeasured.v1', data: { id: '1', bytes: 5, inodes: '2' } });
  assert.equal(refused, either.left('UsageMeasured.v1: bytes: expected a decimal number in a string, found 5'));
});

test('an old version is lifted through every upcaster to the newest, and only the newest is written', () => {
  const three = createRegistry<{ type: 'Painted'; data: { colour: string; coats: number } }>({
    Painted: [
      { codec: t.type({ color: t.string }), upcast: (old: { color: string }) => ({ colour: old.color }) },
      { codec: t.type({ colour: t.string }), upcast: (old: { colour: string }) => ({ ...old, coats: 1 }) },
      { codec: t.type({ colour: t.string, coats: t.number }) },
    ],
  });
  const newest = { type: 'Painted', data: { colour: 'red', coats: 1 } } as const;
  assert.equal(three.decode({ type: 'Painted.v1', data: { color: 'red' } }), either.right(newest));
  assert.equal(three.decode({ type: 'Painted.v2', data: { colour: 'red' } }), either.right(newest));
  assert.equal(three.decode({ type: 'Painted.v3', data: { colour: 'red', coats: 1 } }), either.right(newest));
  assert.is(three.encode(newest).type, 'Painted.v3');
});

test.run();
