import type { Snapshot } from '../../../../projections/snapshot.ts';
import { namespaceOf, refOf } from '../../../../projections/snapshot.ts';
import type { State } from '../../../../projections/state.ts';
import { diffIdWith, type Retained } from '../../../../projections/volumes.ts';
import type { Forest } from '../rows.ts';

/** The name of a snapshot's image, empty if it is not known. */
export type ImageOf = (snapshot: Snapshot) => string;

/** A layer as images name it: containerd's namespace and chain id. */
export const layerOf = ({ key, ...snapshot }: Snapshot): string => `${namespaceOf(key)} ${refOf({ key, ...snapshot })}`;

/** The image of each layer as containerd reported it. A layer of several images is shared by them. */
export function imagesOfLayers({ images }: State): ReadonlyMap<string, string> {
  const names = new Map<string, string[]>();
  for (const { namespace, name, layers } of images.values())
    for (const layer of layers ?? []) {
      const key = `${namespace} ${layer}`;
      const known = names.get(key);
      if (known === undefined) names.set(key, [name]);
      else known.push(name);
    }
  return new Map(
    [...names].map(([key, all]) => [key, all.length > 1 ? `shared by ${all.length} images` : (all[0] ?? '')]),
  );
}

/** Images by what containerd reported, otherwise by CRI's label. */
export function imageOfIn(state: State): ImageOf {
  let names: ReadonlyMap<string, string> | undefined;
  return (snapshot) => {
    names ??= imagesOfLayers(state);
    const found = snapshot.kind === 'committed' && names.size > 0 ? names.get(layerOf(snapshot)) : undefined;
    return found ?? snapshot.labels[imageLabel] ?? '';
  };
}

/** The image that CRI labels a snapshot with when it pulls. */
const imageLabel = 'containerd.io/snapshot/cri.image-ref';

/** What is shown of a snapshot. */
export interface Row {
  readonly snapshot: Snapshot;
  readonly usage: { readonly bytes: number; readonly inodes: number } | undefined;
  readonly since: number;
}

export const existing = ({ usage }: State, snapshot: Snapshot): Row => ({
  ...{ snapshot, usage: usage.get(snapshot.id), since: 0 },
});

export const retained = ({ usage }: State, { snapshot, since }: Retained): Row => ({
  ...{ snapshot, usage: usage.get(snapshot.id), since },
});

/** All snapshots of a state as columns, by id. */
export function forestOf(state: State, time: bigint | null): Forest {
  return forestWith(state, time, allRows(state), imageOfIn(state));
}

/** Some rows of a state as columns, by id. */
export function forestWith(state: State, time: bigint | null, some: readonly Row[], imageOf: ImageOf): Forest {
  const rows = [...some].sort((a, b) => a.snapshot.id - b.snapshot.id);
  return { position: state.position, time, base: null, gone: [], ...columnsOf(state, rows, imageOf) };
}

export const allRows = (state: State): Row[] => [
  ...Array.from(state.index.values(), (snapshot) => existing(state, snapshot)),
  ...Array.from(state.volumes.retained.values(), (layer) => retained(state, layer)),
];

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
