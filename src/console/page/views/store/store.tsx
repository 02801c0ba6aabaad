import { useMemo, useState } from 'preact/hooks';
import { changeAddress } from '../../address-bar.ts';
import { usePage } from '../../context.ts';
import { sizeOf, type Tree } from '../../model/forest.ts';
import { linesOf } from '../../model/forest-lines.ts';
import { bytesText, counted } from '../../model/units.ts';
import { Await, Empty } from '../../parts/states.tsx';
import { ForestTable } from './forest-table.tsx';
import { Slider } from './slider.tsx';
import { useForest } from './use-forest.ts';
import { useMoment } from './use-moment.ts';

/** The snapshots of a store at a moment: now, or where the slider is. */
export function StoreView() {
  const { address } = usePage();
  const { search = '' } = address.values;
  const { at, move } = useMoment();
  const forest = useForest(at);
  const find = (text: string) => changeAddress('store', { search: text }, 'replace');
  return (
    <>
      <Slider at={at} shown={forest.data} onMove={move} />
      <Await of={forest} what="Reading snapshots">
        {({ trees }) => <Trees trees={trees} search={search} onSearch={find} />}
      </Await>
    </>
  );
}

interface TreesProps {
  readonly trees: readonly Tree[];
  readonly search: string;
  readonly onSearch: (text: string) => void;
}

function Trees({ trees, search, onSearch }: TreesProps) {
  const [chosen, setOpen] = useState<ReadonlySet<number>>();
  const open = useMemo(() => chosen ?? openAtFirst(trees), [chosen, trees]);
  const lines = useMemo(() => linesOf(trees, open, search), [trees, open, search]);
  const expand = (id: number, wanted: boolean) => {
    const next = new Set(open);
    if (wanted) next.add(id);
    else next.delete(id);
    setOpen(next);
  };
  const openAll = () => setOpen(open.size > 0 ? new Set() : new Set(trees.map(({ root }) => root.id)));
  return (
    <>
      <div class="filters">
        <label>
          Search
          <input
            type="search"
            data-key="/"
            value={search}
            placeholder="key, digest, container, image"
            onInput={({ currentTarget }) => onSearch(currentTarget.value)}
          />
        </label>
        <button type="button" onClick={openAll}>
          {open.size > 0 ? 'Close all' : 'Open all'}
        </button>
        <Summary trees={trees} />
      </div>
      {lines.length === 0 ? <Nothing searched={search !== ''} /> : <ForestTable lines={lines} onExpand={expand} />}
    </>
  );
}

/** All trees of a small store are open until the reader closes one. */
const small = 100;
const openAtFirst = (trees: readonly Tree[]): ReadonlySet<number> =>
  sizeOf(trees) > small ? new Set() : new Set(trees.map(({ root }) => root.id));

function Summary({ trees }: { readonly trees: readonly Tree[] }) {
  const sum = (of: (tree: Tree) => number) => trees.reduce((total, tree) => total + of(tree), 0);
  const [layers, containers, retained] = [
    sum((one) => one.layers),
    sum((one) => one.containers),
    sum((one) => one.retained),
  ];
  return (
    <p class="summary" role="status">
      {counted(trees.length, 'tree')}: {counted(layers, 'layer')}, {counted(containers, 'active snapshot')},{' '}
      {counted(retained, 'retained layer')}, {bytesText(sum((one) => one.bytes))}
    </p>
  );
}

const Nothing = ({ searched }: { readonly searched: boolean }) => (
  <Empty>
    {searched ? (
      <p>No snapshot at this moment matches. A removed one is found by its key in the Timeline.</p>
    ) : (
      <p>
        No snapshots at this moment. Pull an image with <code>ctr image pull --snapshotter snapledger IMAGE</code>.
      </p>
    )}
  </Empty>
);
