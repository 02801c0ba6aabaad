import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

/** Height of a line in pixels, as in the style sheet. */
const lineHeight = 28;
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
  /** class of the grid's columns in the style sheet */
  readonly class: string;
  readonly count: number;
  readonly line: (at: number) => Line;
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
  const { label, role, columns, count, onOpen, onExpand, onEnd } = props;
  const host = useRef<HTMLDivElement>(null);
  const name = useId();
  const [{ top, height }, setWindow] = useState({ top: 0, height: 600 });
  const [active, setActive] = useState(0);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const measure = () => setWindow({ top: element.scrollTop, height: element.clientHeight });
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  const first = Math.max(0, Math.floor(top / lineHeight) - beyond);
  const last = Math.min(count - 1, Math.ceil((top + height) / lineHeight) + beyond);
  useEffect(() => {
    if (last >= count - 1) onEnd?.();
  }, [last, count, onEnd]);
  const at = Math.min(active, count - 1);
  const go = (to: number) => {
    const next = Math.max(0, Math.min(count - 1, to));
    setActive(next);
    reveal(host.current, next);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.target !== host.current && event.key !== 'Escape') return;
    const step = steps[event.key];
    const page = Math.max(1, Math.floor(height / lineHeight) - 2);
    if (step !== undefined) go(step(at, page, count - 1));
    else if (event.key === 'Enter') onOpen?.(at);
    else if (event.key === 'ArrowRight' && onExpand !== undefined) onExpand(at, true);
    else if (event.key === 'ArrowLeft' && onExpand !== undefined) onExpand(at, false);
    else return;
    event.preventDefault();
  };
  const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  const activeId = at >= first && at <= last && count > 0 ? `${name}-${at}` : undefined;
  return (
    <div
      ref={host}
      class={`virtual ${props.class}`}
      role={role}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-activedescendant={activeId}
      tabIndex={0}
      onKeyDown={pressed}
    >
      <div class="line head" role="row" aria-rowindex={1}>
        {columns.map((column) => (
          <div key={column} role="columnheader">
            {column}
          </div>
        ))}
      </div>
      <div class="lines" role="rowgroup" style={{ height: `${count * lineHeight}px` }}>
        {shown.map((index) => {
          const { id, cells, level, expanded, class: kind = '' } = props.line(index);
          return (
            <div
              key={id}
              id={`${name}-${index}`}
              class={`line ${kind} ${index === at ? 'current' : ''}`}
              role="row"
              aria-rowindex={index + 2}
              aria-level={level}
              aria-expanded={expanded}
              aria-selected={index === at}
              style={{ transform: `translateY(${index * lineHeight}px)` }}
              onClick={() => setActive(index)}
              onDblClick={() => onOpen?.(index)}
            >
              {cells.map((cell, column) => (
                <div key={columns[column]} role="gridcell">
                  {cell}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Scrolls as little as shows a line; the head of the table covers the first one. */
function reveal(host: HTMLElement | null, at: number): void {
  if (host === null) return;
  const [above, below] = [at * lineHeight, (at + 2) * lineHeight];
  if (above < host.scrollTop) host.scrollTop = above;
  else if (below > host.scrollTop + host.clientHeight) host.scrollTop = below - host.clientHeight;
}
