/** A column of a table: its title and its alignment. The last column is never padded. */
interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Renders rows as aligned lines, batch by batch: a column gets wider when it must and never narrower. */
interface Table {
  /** The lines of these rows, after the head if they are the first. `paint` puts a cell that has its width into colour. */
  lines(rows: readonly (readonly string[])[], paint?: PaintCell): readonly string[];
}

/** `row` counts from 0 within what is rendered at once. */
type PaintCell = (cell: string, row: number, column: number) => string;

const gap = '  ';

export function createTable(columns: readonly Column[]): Table {
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title) => title.length);
  let begun = false;
  const line = (cells: readonly string[], paint: (cell: string, column: number) => string) =>
    columns
      .map(({ align }, at) => {
        const cell = cells[at] ?? '';
        const width = at === columns.length - 1 ? 0 : (widths[at] ?? 0);
        return paint(align === 'right' ? cell.padStart(widths[at] ?? 0) : cell.padEnd(width), at);
      })
      .join(gap)
      .trimEnd();
  return {
    lines: (rows, paint = (cell) => cell) => {
      for (const row of rows)
        for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
      const head = begun ? [] : [line(titles, (cell) => cell)];
      begun = true;
      return [...head, ...rows.map((row, index) => line(row, (cell, column) => paint(cell, index, column)))];
    },
  };
}

/** Names and values under each other, the values aligned; a value of more than one line goes on below itself. */
export function fieldLines(fields: readonly (readonly [name: string, value: string | readonly string[]])[]): string[] {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((line, at) =>
      `${(at === 0 ? name : '').padEnd(width)}  ${line}`.trimEnd(),
    ),
  );
}
