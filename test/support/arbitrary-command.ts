import * as fc from 'fast-check';
import type { Command } from '../../src/domain/commands.ts';

const keys = ['a', 'b', 'c', 'd', 'default/1/extract-9 sha256:x', '../x'];
const strange = ['', 'nul\0', 'k'.repeat(4097)];
const key = fc.oneof(
  { arbitrary: fc.constantFrom(...keys), weight: 30 },
  { arbitrary: fc.constantFrom(...strange), weight: 1 },
);
const parent = fc.oneof({ arbitrary: fc.constantFrom(...keys), weight: 3 }, { arbitrary: fc.constant(''), weight: 2 });
const value = fc.constantFrom('', '1', 'two', 'v'.repeat(4095), 'v'.repeat(4096));
const labels = fc.dictionary(fc.constantFrom('l', 'm', 'containerd.io/gc.root'), value, {
  maxKeys: 2,
  noNullPrototype: true,
});
const path = fc.constantFrom('labels', 'labels.l', 'labels.m', 'labels.containerd.io/gc.root', 'parent', 'name');

/** Commands on few keys, so that they meet; strange keys, labels and masks now and then. */
export const arbitraryCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    type: fc.constant('Prepare' as const),
    key,
    parent,
    kind: fc.constantFrom('active' as const, 'active' as const, 'view' as const),
    labels,
  }),
  fc.record({
    type: fc.constant('Commit' as const),
    key,
    name: key,
    parent: fc.oneof({ arbitrary: fc.constant(''), weight: 4 }, { arbitrary: parent, weight: 1 }),
    labels,
  }),
  fc.record({ type: fc.constant('Remove' as const), key }),
  fc.record({ type: fc.constant('Update' as const), key, labels, mask: fc.array(path, { maxLength: 2 }) }),
);
