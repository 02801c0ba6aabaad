import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HolderRow, UsageRow } from '../../../src/app/fleet/questions/rows.ts';
import { fleetTables } from '../../../src/cli/tables/fleet.ts';

const test = suite('tables of the fleet');

const holder = (node: string, store: string): HolderRow => ({
  ...{ node, store, image: null, id: 1, key: 'k8s.io/1/sha256:ab', kind: 'committed', namespace: 'k8s.io' },
  ...{ chainId: 'sha256:ab', diffId: null, bytes: null, since: null, lastUsed: null, containers: [] },
});
const usage = (by: string, store: string): UsageRow => ({
  ...{ day: null, by, store, nodes: 1, snapshots: 1, bytes: 1, bytesAdded: null, bytesRemoved: null },
});

test('node names: those of two stores, and none, are shown with the store', () => {
  const rows = [
    holder('a', '11111111-x'),
    holder('a', '22222222-x'),
    holder('b', '33333333-x'),
    holder('', '44444444-x'),
  ];
  const [, ...lines] = fleetTables.holds.lines(rows, {});
  assert.equal(
    lines.map((line) => line.replace(/ {2,}.*/, '')),
    ['a (11111111)', 'a (22222222)', 'b', '(44444444)', '4 nodes, 0 containers'],
  );
  const same = [holder('a', '11111111-x'), holder('a', '11111111-x')];
  assert.match(fleetTables.holds.lines(same, {})[1] ?? '', /^a {2,}/);
});

test('usage: of nodes with the same name shows their stores, of namespaces none', () => {
  const lastOf = (rows: readonly UsageRow[]) =>
    fleetTables.usage.lines(rows, {}).map((line) => line.replace(/.* B {2}/, ''));
  assert.equal(lastOf([usage('a', '11111111-x'), usage('a', '22222222-x')]).slice(1), ['a (11111111)', 'a (22222222)']);
  assert.equal(lastOf([usage('k8s.io', ''), usage('moby', '')]).slice(1), ['k8s.io', 'moby']);
});

test('counts: one is not in the plural', () => {
  assert.is(
    fleetTables.holds.lines([{ ...holder('a', 's'), containers: ['k8s.io/3/web'] }], {}).at(-1),
    '1 node, 1 container',
  );
  const layer = { layer: 'sha256:ab', images: [], nodes: 1, bytes: 1, lastUsed: null };
  assert.is(fleetTables.unused.lines([layer], {}).at(-1), '1 layer, 1 B');
});

test('answers without rows: are one line that says so', () => {
  for (const name of ['nodes', 'incidents', 'usage', 'unused', 'diff', 'at'] as const) {
    const lines = fleetTables[name].lines([], {});
    assert.is(lines.length, 1, name);
    assert.match(lines[0] ?? '', /^[a-z]/, name);
  }
});

test.run();
