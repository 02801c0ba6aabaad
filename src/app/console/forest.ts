import type { Snapshot } from '../../../projections/snapshot.ts';
import { namespaceOf, refOf } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { diffIdWith } from '../../../projections/volumes.ts';
import type { Forest } from './rows.ts';

/** The name of a snapshot's image, empty if it is not known. */
type ImageOf = (snapshot: Snapshot) => string;

/** Images by what containerd reported, otherwise by CRI's label. A layer of several images is shared by them. */
function imageNames({ images }: State): ImageOf {
  const names = new Map<string, string[]>();
  for (const { namespace, name, layers } of images.values())
    for (const layer of layers ?? []) {
      const key = `${namespace} ${layer}`;
      const known = names.get(key);
      if (known === undefined) names.set(key, [name]);
      else known.push(name);
    }
  return (snapshot) => {
    const { key, kind, labels } = snapshot;
    const found = kind === 'committed' ? names.get(`${namespaceOf(key)} ${refOf(snapshot)}`) : undefined;
    if (found !== undefined && found.length > 1) return `shared by ${found.length} images`;
    return found?.[0] ?? labels[imageLabel] ?? '';
  };
}

/** The image that CRI labels a snapshot with when it pulls. */
const imageLabel = 'containerd.io/snapshot/cri.image-ref';

interface Row {
  readonly snapshot: Snapshot;
  readonly usage: { readonly bytes: number; readonly inodes: number } | undefined;
  readonly since: number;
}

function* rowsOf({ index, volumes, usage }: State): Generator<Row> {
  for (const snapshot of index.values()) yield { snapshot, usage: usage.get(snapshot.id), since: 0 };
  for (const { snapshot, since } of volumes.retained.values()) yield { snapshot, usage: usage.get(snapshot.id), since };
}

/** The row of an id in a state, undefined for none; `key` is the one that it has, if it exists. */
function rowIn({ index, volumes, usage }: State, { id, key }: Snapshot): Row | undefined {
  const existing = index.get(key);
  if (existing?.id === id) return { snapshot: existing, usage: usage.get(id), since: 0 };
  const retained = volumes.retained.get(id);
  return retained && { snapshot: retained.snapshot, usage: usage.get(id), since: retained.since };
}

/** Snapshots of an id are the same object in states of one replay; otherwise their fields are compared. */
function isSame(a: Row, b: Row): boolean {
  if (a.since !== b.since || a.usage?.bytes !== b.usage?.bytes || a.usage?.inodes !== b.usage?.inodes) return false;
  const [one, other] = [a.snapshot, b.snapshot];
  if (one === other) return true;
  return (
    one.kind === other.kind && one.key === other.key && one.parentId === other.parentId && one.created === other.created
  );
}

/** The snapshots of a state as columns, by id; over a base only those that differ. */
export function forestOf(state: State, time: bigint | null, base?: State): Forest {
  const rows: Row[] = [];
  const imageOf = imageNames(state);
  const imageBefore = base && imageNames(base);
  for (const row of rowsOf(state)) {
    const before = base && rowIn(base, row.snapshot);
    if (before === undefined || !isSame(before, row) || imageBefore?.(before.snapshot) !== imageOf(row.snapshot))
      rows.push(row);
  }
  rows.sort((a, b) => a.snapshot.id - b.snapshot.id);
  return {
    ...{ position: state.position, time, base: base?.position ?? null },
    gone: base === undefined ? [] : goneSince(base, state),
    ...columnsOf(state, rows, imageOf),
  };
}

/** A snapshot that was renamed by its commit is still there. */
function goneSince(base: State, state: State): readonly number[] {
  const gone: number[] = [];
  for (const { snapshot } of rowsOf(base))
    if (!state.parentGraph.has(snapshot.id) && !state.volumes.retained.has(snapshot.id)) gone.push(snapshot.id);
  return gone;
}

function columnsOf(
  state: State,
  rows: readonly Row[],
  imageOf: ImageOf,
): Pick<Forest, 'rows' | 'namespaces' | 'imageNames'> {
  const namespaces = numbering();
  const images = numbering();
  const column = <T>(value: (row: Row) => T) => rows.map(value);
  return {
    rows: {
      id: column(({ snapshot }) => snapshot.id),
      parent: column(({ snapshot }) => snapshot.parentId ?? 0),
      kind: column(({ snapshot }) => snapshot.kind[0]).join(''),
      key: column(({ snapshot }) => snapshot.key),
      bytes: column(({ usage }) => usage?.bytes ?? -1),
      inodes: column(({ usage }) => usage?.inodes ?? -1),
      created: column(({ snapshot }) => Number(snapshot.created / 1_000_000n)),
      ref: column(({ snapshot }) => diffIdWith(state.volumes, snapshot.id) ?? ''),
      namespace: column(({ snapshot }) => namespaces.numberOf(namespaceOf(snapshot.key))),
      image: column(({ snapshot }) => images.numberOf(imageOf(snapshot))),
      retained: column(({ since }) => since),
    },
    namespaces: namespaces.texts,
    imageNames: images.texts,
  };
}

/** Numbers texts in the order of their first use; an empty one is -1. */
function numbering() {
  const numbers = new Map([['', -1]]);
  const texts: string[] = [];
  return {
    texts,
    numberOf: (text: string): number => {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, texts.length);
      return texts.push(text) - 1;
    },
  };
}
