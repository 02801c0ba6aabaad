/** A column of a table: its title, and which side its cells stand on. The last column is never padded. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Renders rows as aligned lines, batch by batch: a column gets wider when it must and never narrower. */
export interface Table {
  /** The lines of these rows, after the head where they are the first. */
  lines(rows: readonly (readonly string[])[]): readonly string[];
}

const gap = '  ';

export function createTable(columns: readonly Column[]): Table {
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title) => title.length);
  let begun = false;
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, at) => {
        const cell = cells[at] ?? '';
        const width = widths[at] ?? 0;
        return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(gap)
      .trimEnd();
  return {
    lines: (rows) => {
      for (const row of rows)
        for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
      const head = begun ? [] : [line(titles)];
      begun = true;
      return [...head, ...rows.map(line)];
    },
  };
}
