import type { Snapshot } from '../../../../projections/snapshot.ts';
import { namespaceOf, refOf } from '../../../../projections/snapshot.ts';
import type { State } from '../../../../projections/state.ts';
import { diffIdWith, type Retained } from '../../../../projections/volumes.ts';
import type { Forest } from '../rows.ts';

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

const existing = ({ usage }: State, snapshot: Snapshot): Row => ({
  ...{ snapshot, usage: usage.get(snapshot.id), since: 0 },
});

const retained = ({ usage }: State, { snapshot, since }: Retained): Row => ({
  ...{ snapshot, usage: usage.get(snapshot.id), since },
});

/** The row of an id in a state, undefined for none; `key` is the one that it has, if it exists. */
function rowIn(state: State, { id, key }: Snapshot): Row | undefined {
  const found = state.index.get(key);
  if (found?.id === id) return existing(state, found);
  const kept = state.volumes.retained.get(id);
  return kept && retained(state, kept);
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
  const imageOf = imageNames(state);
  const rows = base === undefined ? allRows(state) : rowsSince(base, state, imageOf);
  rows.sort((a, b) => a.snapshot.id - b.snapshot.id);
  return {
    ...{ position: state.position, time, base: base?.position ?? null },
    gone: base === undefined ? [] : goneSince(base, state),
    ...columnsOf(state, rows, imageOf),
  };
}

const allRows = (state: State): Row[] => [
  ...Array.from(state.index.values(), (snapshot) => existing(state, snapshot)),
  ...Array.from(state.volumes.retained.values(), (layer) => retained(state, layer)),
];

/** Most snapshots are the same objects as at the base: these are passed over without anything made of them. */
function rowsSince(base: State, state: State, imageOf: ImageOf): Row[] {
  const rows: Row[] = [];
  const imageBefore = imageNames(base);
  const named = state.images.size + base.images.size > 0;
  const add = (row: Row) => {
    const before = rowIn(base, row.snapshot);
    const same = before !== undefined && isSame(before, row);
    if (!same || imageBefore(before.snapshot) !== imageOf(row.snapshot)) rows.push(row);
  };
  for (const snapshot of state.index.values()) {
    const { id, key } = snapshot;
    const unchanged = base.index.get(key) === snapshot && base.usage.get(id) === state.usage.get(id);
    if (!unchanged || named) add(existing(state, snapshot));
  }
  for (const layer of state.volumes.retained.values())
    if (base.volumes.retained.get(layer.snapshot.id) !== layer || named) add(retained(state, layer));
  return rows;
}

/** A snapshot that was renamed by its commit is still there. */
function goneSince(base: State, state: State): readonly number[] {
  const gone: number[] = [];
  const isGone = (id: number) => !state.parentGraph.has(id) && !state.volumes.retained.has(id);
  for (const { id } of base.index.values()) if (isGone(id)) gone.push(id);
  for (const id of base.volumes.retained.keys()) if (isGone(id)) gone.push(id);
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
