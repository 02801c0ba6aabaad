import type { Row } from '../rows/row.ts';
import { panel } from './chart-panel.ts';
import { text } from './svg.ts';

const width = 1120;
const margin = 28;
const gap = 36;
const headHeight = 76;
const footHeight = 66;

/** Which workloads stand in which column. */
const columns = [
  ['lifecycle', 'commit', 'update', 'mixed', 'collection'],
  ['stat', 'mounts', 'usage', 'list', 'pull', 'unpack', 'run'],
];

/** The results as a picture: how many times better than containerd's own driver, on a logarithmic scale. */
export function chart(rows: readonly Row[]): string {
  const panelWidth = (width - 2 * margin - gap) / 2;
  const panels = columns.map((names, index) => {
    const x = margin + index * (panelWidth + gap);
    return panel(
      names.map((name) => ({ name, rows: rows.filter((row) => row.workload === name && isDrawn(row)) })),
      { x, y: headHeight, width: panelWidth },
    );
  });
  const height = headHeight + Math.max(...panels.map((drawn) => drawn.height)) + footHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, 'DejaVu Sans', sans-serif">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" rx="10" fill="#ffffff"/>`,
    text(margin, 36, title, { size: 20, weight: 600 }),
    text(margin, 58, legend, { size: 12.5, colour: '#57606a' }),
    ...panels.map((drawn) => drawn.svg),
    ...lines(origin(rows), 150).map((line, index) =>
      text(margin, height - 34 + 17 * index, line, { size: 11, colour: '#6e7781' }),
    ),
    '</svg>',
    '',
  ].join('\n');
}

const title = 'snapledger beside containerd\u2019s own snapshotters';
const legend =
  'Times as fast, median of rounds in turn; whiskers: worst and best round; diamond: target. Overlay unless stated otherwise; ext4 has a journal.';

/** The machine of the newest row. */
function origin(rows: readonly Row[]): string {
  const newest = rows
    .flatMap(({ measured = [] }) => measured)
    .sort((a, b) => a.date.localeCompare(b.date))
    .at(-1);
  return newest === undefined ? '' : `${newest.date}, ${newest.revision}: ${newest.machine}`;
}

/** The table has every row; the picture leaves out what repeats another. */
function isDrawn({ workload, variant, theirs, ratio }: Row): boolean {
  if (ratio === undefined || theirs?.name.startsWith('bare')) return false;
  return workload === 'lifecycle' || !variant.startsWith('btrfs');
}

/** Breaks a text between words. */
function lines(long: string, length: number): readonly string[] {
  const broken: string[] = [];
  let line = '';
  for (const word of long.split(' ')) {
    if (line.length + word.length >= length) {
      broken.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...broken, line];
}
