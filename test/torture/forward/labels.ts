import type { Random } from '../random.ts';

/** A setting `forward.omit_labels`, and which labels it leaves out by the documentation. */
interface Omission {
  readonly patterns: readonly string[];
  omits(name: string): boolean;
}

const identifying = 'containerd.io/snapshot.ref';

const omissions: readonly Omission[] = [
  { patterns: [], omits: () => false },
  { patterns: ['team'], omits: (name) => name === 'team' },
  { patterns: ['team', 'io.example/*'], omits: (name) => name === 'team' || name.startsWith('io.example/') },
  { patterns: ['*'], omits: (name) => name !== identifying },
];

export const anyOmission = (random: Random): readonly string[] =>
  omissions[random.whole(0, omissions.length - 1)]?.patterns ?? [];

/** Labels of a writer's snapshots: of each kind that a setting leaves out or keeps. */
export const labelsOf = (turn: number): Readonly<Record<string, string>> => ({
  turn: String(turn),
  team: `team-${turn % 7}`,
  'io.example/project': 'x'.repeat(turn % 50),
  [identifying]: `sha256:${String(turn).padStart(64, '0')}`,
});

type Data = Readonly<Record<string, unknown>>;
const fields = ['labels', 'before', 'after'] as const;

/**
 * How many labels of an event's data are left out of what was sent; undefined if it is not the same with the labels of one setting
 * left out.
 */
export function omittedLabels(data: Data, sent: Data): number | undefined {
  for (const { omits } of omissions) {
    let count = 0;
    const left = { ...data };
    for (const field of fields) {
      const labels = data[field] as Readonly<Record<string, string>> | undefined;
      if (labels === undefined || labels === null) continue;
      const kept = Object.entries(labels).filter(([name]) => !omits(name));
      count += Object.keys(labels).length - kept.length;
      left[field] = Object.fromEntries(kept);
    }
    if (JSON.stringify(left) === JSON.stringify(sent)) return count;
  }
  return undefined;
}
