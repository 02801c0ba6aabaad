import fc from 'fast-check';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Snapshot } from '../../projections/snapshot.ts';
import { parseFilters } from '../../src/domain/filter/parse-filters.ts';

const filters = suite('random filters');

/** Texts that often look like filters. */
const nearlyFilter = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'name',
        'labels',
        'labels.a',
        'kind',
        '==',
        '!=',
        '~=',
        ',',
        '.',
        ' ',
        '"',
        '/',
        '|',
        '\\',
        '(?i)',
      ),
      fc.constantFrom('[', ']', '(', ')', '*', '+', '{2}', '{1,', '\\d', '\\p{', '\\x', '^', '$', '\n'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

function snapshot(key: string, labels: Record<string, string>): Snapshot {
  return { id: 1, key, kind: 'view', parent: '', parentId: null, labels, created: 0n, updated: 0n };
}

/** Go's quoting with %q, as in containerd: everything but printable ASCII is escaped. */
function quoted(text: string): string {
  const escaped = (character: string): string => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (/^[ -~]$/.test(character)) return character;
    return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
  };
  return `"${Array.from(text, escaped).join('')}"`;
}

const quotedFor = (text: string, quote: string): string =>
  `${quote}${text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n')}${quote}`;

filters('are answered or refused, and never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(nearlyFilter, fc.string({ unit: 'binary' })), { maxLength: 3 }), (texts) => {
      const answer = parseFilters(texts);
      if (either.isLeft(answer)) assert.match(answer.left.text, /^filter [123] ".*": column \d+: ./s);
      else assert.type(answer.right(snapshot('k', { a: 'b' })), 'boolean');
    }),
    { numRuns: 2_000 },
  );
});

filters('match what they quote', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, (key, name, value) => {
      const answer = parseFilters([`name==${quoted(key)},labels.${quoted(name)}==${quoted(value)}`]);
      assert.ok(either.isRight(answer));
      assert.ok(answer.right(snapshot(key, Object.fromEntries([[name, value]]))));
      assert.not.ok(answer.right(snapshot(`${key}!`, Object.fromEntries([[name, value]]))));
    }),
  );
});

filters('match any text by itself as an expression, with any quotes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', '.', '*', '"', '/', '|', '\\', '(', ' ', '\n', 'é', '😀') });
  fc.assert(
    fc.property(text, fc.constantFrom('"', '/', '|'), (value, quote) => {
      const exact = `^${value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
      const answer = parseFilters([`labels.x~=${quotedFor(exact, quote)}`]);
      assert.ok(either.isRight(answer));
      assert.ok(answer.right(snapshot('k', { x: value })));
      assert.not.ok(answer.right(snapshot('k', { x: `${value}!` })));
    }),
  );
});

filters.run();
