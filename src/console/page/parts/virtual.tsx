import type { ComponentChildren, RefObject, VNode } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

/** Height of a line in pixels, as in the style sheet. */
const lineHeight = 28;
const borders = 2;
/** lines beyond the edges, so that a fast scroll shows no gap */
const beyond = 12;

export interface Line {
  readonly id: string | number;
  readonly cells: readonly ComponentChildren[];
  readonly class?: string;
  /** from 1; only of trees */
  readonly level?: number;
  readonly expanded?: boolean;
}

interface VirtualProps {
  readonly label: string;
  readonly role: 'grid' | 'treegrid';
  readonly columns: readonly string[];
  /** columns that are numbers: they end at the same edge */
  readonly numbers?: readonly string[];
  /** class of the grid's columns in the style sheet */
  readonly class: string;
  /** as high as its lines, up to what the style sheet allows, instead of as high as there is room for */
  readonly fits?: boolean;
  readonly count: number;
  /** The active line's links are those that the Tab key reaches: one stop of a list of thousands. */
  readonly line: (at: number, active: boolean) => Line;
  /** Enter, a double click, or → and ← on the active line */
  readonly onOpen?: (at: number) => void;
  readonly onExpand?: (at: number, open: boolean) => void;
  /** the last lines come into view */
  readonly onEnd?: () => void;
}

const steps: Readonly<Record<string, (at: number, page: number, last: number) => number>> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at, page) => at + page,
  PageUp: (at, page) => at - page,
  Home: () => 0,
  End: (_at, _page, last) => last,
};

/** A table of any length, of which only the visible lines exist. One line is active and moves with the arrow keys. */
export function Virtual(props: VirtualProps) {
  const { label, role, columns, numbers = [], count, line, onOpen, onEnd } = props;
  const host = useRef<HTMLDivElement>(null);
  const name = useId();
  const { top, visible } = useVisible(host);
  const [active, setActive] = useState(0);
  const first = Math.max(0, top - beyond);
  const last = Math.min(count - 1, top + visible + beyond);
  useEffect(() => {
    if (last >= count - 1) onEnd?.();
  }, [last, count, onEnd]);
  const at = Math.min(active, count - 1);
  const rows = useRows(line, [first, last], at, (index) =>
    rowOf(line(index, index === at), {
      ...{ index, columns, numbers, id: `${name}-${index}`, active: index === at },
      ...{ onClick: () => setActive(index), onDblClick: () => onOpen?.(index) },
    }),
  );
  const pressed = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step === undefined) return event.target === host.current ? handle(event, at, props) : undefined;
    event.preventDefault();
    host.current?.focus({ preventScroll: true });
    const next = Math.max(0, Math.min(count - 1, step(at, Math.max(1, visible - 3), count - 1)));
    setActive(next);
    reveal(host.current, next);
  };
  return (
    <div
      ref={host}
      class={`virtual ${props.class}`}
      style={props.fits ? { height: `${(count + 1) * lineHeight + borders}px` } : undefined}
      role={role}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-activedescendant={count > 0 ? `${name}-${at}` : undefined}
      tabIndex={0}
      onKeyDown={pressed}
    >
      <div class="line head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <div key={column} role="columnheader" class={numbers.includes(column) ? 'number' : undefined}>
            {column}
          </div>
        ))}
      </div>
      <div class="lines" role="rowgroup" style={{ height: `${count * lineHeight}px` }}>
        {rows}
      </div>
    </div>
  );
}

/** Opens and closes the active line. */
function handle(event: KeyboardEvent, at: number, { onOpen, onExpand }: VirtualProps): void {
  const { key } = event;
  if (key === 'Enter') onOpen?.(at);
  else if (onExpand !== undefined && (key === 'ArrowRight' || key === 'ArrowLeft')) onExpand(at, key === 'ArrowRight');
  else return;
  event.preventDefault();
}

interface RowPlace {
  readonly index: number;
  readonly columns: readonly string[];
  readonly numbers: readonly string[];
  readonly id: string;
  readonly active: boolean;
  readonly onClick: () => void;
  readonly onDblClick: () => void;
}

const rowOf = (line: Line, { index, columns, numbers, id, active, onClick, onDblClick }: RowPlace) => (
  <div
    key={line.id}
    id={id}
    class={`line ${line.class ?? ''} ${active ? 'current' : ''}`}
    role="row"
    aria-rowindex={index + 2}
    aria-level={line.level}
    aria-expanded={line.expanded}
    aria-selected={active}
    style={{ transform: `translateY(${index * lineHeight}px)` }}
    onClick={onClick}
    onDblClick={onDblClick}
  >
    {line.cells.map((cell, column) => (
      <div key={columns[column]} role="gridcell" class={numbers.includes(columns[column] ?? '') ? 'number' : undefined}>
        {cell}
      </div>
    ))}
  </div>
);

/** The first visible line and how many there are, as a part scrolls and changes its size. */
function useVisible(host: RefObject<HTMLElement | null>): { readonly top: number; readonly visible: number } {
  const [shown, setShown] = useState({ top: 0, visible: 20 });
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const measure = () => {
      const top = Math.floor(element.scrollTop / lineHeight);
      const visible = Math.ceil(element.clientHeight / lineHeight);
      setShown((now) => (now.top === top && now.visible === visible ? now : { top, visible }));
    };
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  return shown;
}

/**
 * The rows of a window, and the active one, which may have the focus. Those that were there before are the same objects, which
 * Preact does not compare: a scroll costs only the lines that come into view.
 */
function useRows(
  line: VirtualProps['line'],
  [first, last]: readonly [number, number],
  active: number,
  rowAt: (index: number) => VNode,
) {
  const made = useRef<{ readonly line: unknown; readonly active: number; readonly rows: ReadonlyMap<number, VNode> }>(
    undefined,
  );
  const known = made.current?.line === line ? made.current : undefined;
  const rows = new Map<number, VNode>();
  const put = (at: number) => {
    const before = at === active || at === known?.active ? undefined : known?.rows.get(at);
    rows.set(at, before ?? rowAt(at));
  };
  if (active >= 0 && active < first) put(active);
  for (let at = first; at <= last; at++) put(at);
  if (active > last) put(active);
  made.current = { line, active, rows };
  return [...rows.values()];
}

/** Scrolls as little as shows a line; the head of the table covers the first one. */
function reveal(host: HTMLElement | null, at: number): void {
  if (host === null) return;
  const [above, below] = [at * lineHeight, (at + 2) * lineHeight];
  if (above < host.scrollTop) host.scrollTop = above;
  else if (below > host.scrollTop + host.clientHeight) host.scrollTop = below - host.clientHeight;
}
