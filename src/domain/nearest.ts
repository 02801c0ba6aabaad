/** The word that was most likely meant: the one with the fewest edits, if they are at most a third of its letters. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: { readonly word: string; readonly edits: number } | undefined;
  for (const candidate of known) {
    const edits = editsBetween(word.toLowerCase(), candidate.toLowerCase());
    if (edits <= Math.max(1, Math.floor(candidate.length / 3)) && (best === undefined || edits < best.edits))
      best = { word: candidate, edits };
  }
  return best?.word;
}

/** Insertions, deletions and changes of one letter that turn one word into the other (Levenshtein). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

const maxKeys = 5;

/** The known keys that may have been meant: those that contain the given one, else those that differ least from it. */
export function nearestKeys(asked: string, known: Iterable<string>): readonly string[] {
  const keys = [...known];
  const containing = keys.filter((key) => asked !== '' && key.includes(asked));
  if (containing.length > 0) return containing.slice(0, maxKeys);
  const pairs = pairsOf(asked);
  return keys
    .map((key) => ({ key, alike: likeness(pairs, pairsOf(key)) }))
    .filter(({ alike }) => alike >= 0.5)
    .sort((a, b) => b.alike - a.alike)
    .slice(0, maxKeys)
    .map(({ key }) => key);
}

/** Pairs of neighbouring letters: comparing them costs no more than reading the key, unlike counting edits. */
function pairsOf(text: string): ReadonlySet<string> {
  return new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2)));
}

/** Of the pairs of both, the share that they have in common (Dice). */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const pair of a) if (b.has(pair)) common += 1;
  return a.size + b.size === 0 ? 0 : (2 * common) / (a.size + b.size);
}
