import { useMemo } from 'preact/hooks';
import { usePage } from '../../context.ts';
import { sizeOf, type Tree } from '../../model/forest.ts';
import { bytesText, counted } from '../../model/units.ts';
import { usageOf } from '../../model/usage.ts';
import { Legend } from '../../parts/legend.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { useForest } from '../store/use-forest.ts';
import { GrowthOverTime } from './growth.tsx';
import { NextToGo } from './next-to-go.tsx';
import { Treemap } from './treemap.tsx';

/** What uses the disk, what will be purged next, and how it grew. */
export function Disk() {
  const { at = '' } = usePage().address.values;
  const forest = useForest(at);
  return (
    <>
      <Await of={forest} what="Reading snapshots">
        {({ trees }) => <Used trees={trees} />}
      </Await>
      <div class="columns">
        <GrowthOverTime />
        <NextToGo />
      </div>
    </>
  );
}

const unmeasuredIn = (nodes: Tree['nodes']) => nodes.reduce((sum, { bytes }) => (bytes < 0 ? sum + 1 : sum), 0);

function Used({ trees }: { readonly trees: readonly Tree[] }) {
  const usage = useMemo(() => usageOf(trees), [trees]);
  const unmeasured = useMemo(() => trees.reduce((sum, { nodes }) => sum + unmeasuredIn(nodes), 0), [trees]);
  const total = usage.reduce((sum, { bytes }) => sum + bytes, 0);
  const retained = usage.reduce((sum, { kind, bytes }) => sum + (kind === 'retained' ? bytes : 0), 0);
  if (usage.length === 0)
    return (
      <Empty>
        <p>No snapshot of this store was measured yet. Sizes are recorded at each commit.</p>
      </Empty>
    );
  return (
    <section aria-label="Bytes by namespace, image and kind">
      <p class="summary">
        <strong>{bytesText(total)}</strong> in {counted(sizeOf(trees), 'snapshot')}, of this {bytesText(retained)}{' '}
        retained
        {unmeasured > 0 && `; ${counted(unmeasured, 'snapshot')} without a known size`}
      </p>
      <Treemap usage={usage} />
      <Legend
        of={[
          ['committed', 'committed'],
          ['prepared', 'active'],
          ['removed', 'retained'],
        ]}
      />
    </section>
  );
}
