import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { branches } from '../../../src/app/audit/list-snapshots.ts';

const test = suite('branches');

test('draws siblings, descendants and several roots', () => {
  const children: Readonly<Record<string, readonly string[]>> = { a: ['b', 'e'], b: ['c', 'd'], f: ['g'] };
  const lines = [...branches(['a', 'f'], (node) => children[node] ?? [])].map(
    ({ node, prefix, depth }) => `${depth} ${prefix}${node}`,
  );
  assert.equal(lines, ['0 a', '1 ├─ b', '2 │  ├─ c', '2 │  └─ d', '1 └─ e', '0 f', '1 └─ g']);
});

test('follows a chain of any depth', () => {
  const count = [...branches([0], (node) => (node < 20_000 ? [node + 1] : []))].length;
  assert.is(count, 20_001);
});

test.run();
