import type { Row } from '../rows/row.ts';
import { figure, times } from '../rows/text.ts';
import { line, rectangle, text } from './svg.ts';

interface Group {
  readonly name: string;
  readonly rows: readonly Row[];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

const labelWidth = 230;
const valueWidth = 116;
const rowHeight = 19;
const groupGap = 26;
const least = 0.5;
const most = 128;
const ticks = [0.5, 1, 2, 4, 8, 16, 32, 128];

/** Bars below each other, grouped by workload. */
export function panel(groups: readonly Group[], { x, y, width }: Place): { svg: string; height: number } {
  const left = x + labelWidth;
  const scale = scaleOf(left, width - labelWidth - valueWidth);
  const bars: string[] = [];
  let at = y;
  for (const { name, rows } of groups.filter((group) => group.rows.length > 0)) {
    bars.push(text(x, at + 16, titles[name] ?? name, { size: 12.5, weight: 600 }));
    at += groupGap;
    for (const row of rows) {
      bars.push(bar(row, { x, y: at, width }, scale));
      at += rowHeight;
    }
    at += 6;
  }
  return { svg: [grid(scale, y + 4, at), ...bars].join('\n'), height: at - y + 18 };
}

const titles: Readonly<Record<string, string>> = {
  lifecycle: 'lifecycle: prepare, commit, prepare, remove, remove',
  commit: 'commit of a layer of so many files',
  mixed: 'mixed: 90 % reads',
  list: 'list of 1,000 snapshots',
  pull: 'pull (ctr, against the builtin overlayfs)',
  unpack: 'unpack of a fetched image (against the builtin one)',
  collection: 'collection of 1,000 layers',
  run: 'ctr run --rm (against the builtin one)',
};

type Scale = (ratio: number) => number;

function scaleOf(left: number, width: number): Scale {
  const within = (ratio: number) => Math.min(Math.max(ratio, least), most);
  return (ratio) => left + (Math.log(within(ratio) / least) / Math.log(most / least)) * width;
}

function grid(scale: Scale, top: number, bottom: number): string {
  return ticks
    .flatMap((tick) => [
      line(scale(tick), top, scale(tick), bottom, tick === 1 ? '#57606a' : '#e6e9ed'),
      text(scale(tick), bottom + 13, `${tick}x`, { size: 10, colour: '#6e7781', anchor: 'middle' }),
    ])
    .join('\n');
}

/** Where a workload has several opponents: all but the first. */
function against(name: string): string {
  if (name.endsWith('syncfs')) return ' vs. syncfs';
  return name.endsWith('plugin') ? ' vs. plugin' : '';
}

function bar({ variant, unit, ours, theirs, ratio, target }: Row, { x, y, width }: Place, scale: Scale): string {
  if (ratio === undefined || theirs === undefined) return '';
  const from = Math.min(scale(1), scale(ratio.median));
  const length = Math.max(Math.abs(scale(ratio.median) - scale(1)), 1.5);
  const middle = y + rowHeight / 2 - 2;
  const label = `${shortened(variant)}${against(theirs.name)}`;
  const suffix = unit === 'ms' ? ' ms' : '/s';
  return [
    text(x + 6, y + 12, label, { size: 11, colour: '#24292f' }),
    rectangle(from, y + 1, length, rowHeight - 6, ratio.median >= 1 ? '#2f81b7' : '#d1742f'),
    line(scale(ratio.low), middle, scale(ratio.high), middle, '#0b3a5b'),
    ...(target === undefined ? [] : [diamond(scale(target), middle)]),
    text(x + width - 64, y + 12, `${times(ratio.median)}x`, { size: 11, weight: 600, anchor: 'end' }),
    text(x + width, y + 12, `${figure(ours.value.median)}${suffix}`, { size: 11, anchor: 'end', colour: '#57606a' }),
  ].join('\n');
}

/** Without what the title and the legend say. */
const shortened = (variant: string) =>
  variant
    .replace(/^(overlay(, | on )|1,000 layers, )/, '')
    .replace(/ \(.*\)|, \d+ MB/, '')
    .replace(' with a journal', '');

const diamond = (x: number, y: number) =>
  `<path d="M${x.toFixed(1)} ${(y - 5).toFixed(1)}l4 5l-4 5l-4 -5z" fill="#f2c744" stroke="#7a5c00" stroke-width="0.8"/>`;
