import { type HierarchyRectangularNode, hierarchy, treemap } from 'd3-hierarchy';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { hashOf } from '../../model/address.ts';
import { bytesText, counted, shortKey } from '../../model/units.ts';
import { grouped, largest, type Usage } from '../../model/usage.ts';

/** More tiles can't be told apart. */
const tiles = 60;
/** Height of the whole in pixels, and the least width and height of a tile that can be hit. */
const height = 360;
const least = 24;

interface Branch {
  readonly name: string;
  readonly children?: readonly Branch[];
  readonly usage?: Usage;
}

/** Bytes as areas: namespaces, in them images, in them kinds. */
export function Treemap({ usage }: { readonly usage: readonly Usage[] }) {
  const host = useRef<HTMLUListElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const resized = new ResizeObserver(() => setWidth(host.current?.clientWidth ?? 0));
    if (host.current !== null) resized.observe(host.current);
    return () => resized.disconnect();
  }, []);
  const leaves = useMemo(() => (width === 0 ? [] : layout(largest(usage, tiles), width)), [usage, width]);
  return (
    <ul ref={host} class="treemap" aria-label="Bytes by namespace, image and kind" style={{ height: `${height}px` }}>
      {leaves.map(({ data, ...at }) => data.usage && <Tile key={data.name} usage={data.usage} at={at} />)}
    </ul>
  );
}

function layout(usage: readonly Usage[], width: number): readonly HierarchyRectangularNode<Branch>[] {
  const namespaces = grouped(usage, ({ namespace }) => namespace);
  const root: Branch = {
    name: 'store',
    children: [...namespaces].map(([name, inside]) => ({
      name,
      children: [...grouped(inside, ({ image }) => image)].map(([image, kinds]) => ({
        name: image,
        children: kinds.map((one) => ({ name: JSON.stringify([name, image, one.kind]), usage: one })),
      })),
    })),
  };
  const sized = hierarchy<Branch>(root, ({ children }) => children as Branch[] | undefined)
    .sum(({ usage: one }) => one?.bytes ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return treemap<Branch>().size([width, height]).paddingInner(1).paddingOuter(1)(sized).leaves();
}

interface TileProps {
  readonly usage: Usage;
  readonly at: Pick<HierarchyRectangularNode<Branch>, 'x0' | 'x1' | 'y0' | 'y1'>;
}

/** A link to its snapshots, if it is large enough to be hit. */
function Tile({ usage: { namespace, image, search, kind, bytes, snapshots }, at: { x0, y0, x1, y1 } }: TileProps) {
  const name = shortKey(image);
  const title = `${namespace} ${name}: ${kind}, ${bytesText(bytes)} in ${counted(snapshots, 'snapshot')}`;
  const [width, tall] = [x1 - x0, y1 - y0];
  const place = { left: `${x0}px`, top: `${y0}px`, width: `${width}px`, height: `${tall}px` };
  return (
    <li class={kind} style={place} title={title}>
      {width >= least && tall >= least && (
        <a href={hashOf('store', { search })}>
          <bdi>{name}</bdi>
          <span>{bytesText(bytes)}</span>
        </a>
      )}
    </li>
  );
}
