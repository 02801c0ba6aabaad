import type { Envelope, Meta } from '../../../events/envelope.ts';
import type { AnchorRow } from '../../app/audit/anchor.ts';
import type { Blame } from '../../app/audit/blame.ts';
import type { Change, Difference } from '../../app/audit/difference.ts';
import type { History, Relative } from '../../app/audit/history.ts';
import { wallClock } from '../../app/audit/moment.ts';
import type { Why } from '../../app/explain/why.ts';
import { createEventTable } from '../output/event-table.ts';
import { createPaint, type Paint } from '../output/print.ts';
import { createTable, fieldLines } from '../output/table.ts';
import { agoOf, brief, dateOf, durationOf, plain, sizeText } from '../output/text.ts';
import type { TableOptions } from './tables.ts';

export const historyLines = (histories: readonly History[], options: TableOptions): readonly string[] =>
  histories.flatMap((one, at) => [...(at === 0 ? [] : ['']), ...oneHistory(one, options)]);

function oneHistory(one: History, { whole, relative }: TableOptions): readonly string[] {
  const { id, key, name, now, activeFor, parents, children, committed, events } = one;
  const paint = createPaint();
  const open = now !== null && committed === null;
  return [
    ...fieldLines([
      ['snapshot', String(id)],
      ['key', brief(key || 'unknown', whole)],
      ['name', name === null ? '-' : brief(name, whole)],
      ['now', nowText(one, paint)],
      ['active for', activeFor === null ? 'unknown' : `${durationOf(activeFor)}${open ? ', still open' : ''}`],
      ['parents', relativeLines(parents, now !== null, whole)],
      ['children', relativeLines(children, false, whole)],
    ]),
    '',
    ...createEventTable({ whole, ago: relative === true ? wallClock : undefined, paint })(events),
  ];
}

function nowText({ kind, now, ended }: History, paint: Paint): string {
  if (now !== null) return paint(`${kind}, exists`, 'green');
  return ended === null ? 'gone' : paint(`${kind}, ${endText(ended)}`, 'red');
}

function endText({ event, time, position, meta }: Envelope): string {
  const how = event.type === 'SnapshotRemoved' ? 'removed' : event.type === 'VolumeLost' ? 'lost' : 'undone';
  return `${how} ${dateOf(time)} (${agoOf(time, wallClock())}) by ${actorText(meta)}, position ${position}`;
}

const actorText = ({ actor = 'unknown', namespace }: Meta) =>
  plain([actor, namespace].filter((part) => part !== undefined).join('/'));

/** `existing`: all of them exist, because their child does. */
function relativeLines(relatives: readonly Relative[], existing: boolean, whole?: boolean): readonly string[] {
  if (relatives.length === 0) return ['-'];
  return relatives.map(({ id, was, now }) => {
    const name = `${id} ${brief(was, whole)}`;
    if (now === null) return `${name} (gone now)`;
    return existing || now === was ? name : `${name} (now ${brief(now, whole)})`;
  });
}

const signs = { appeared: '+', vanished: '-', changed: '~' } as const;
const signed = (bytes: number) => `${bytes < 0 ? '-' : '+'}${sizeText(Math.abs(bytes))}`;

export function diffLines({ from, to, changes }: Difference, { whole }: TableOptions): readonly string[] {
  const table = createTable([
    { title: '' },
    { title: 'ID', align: 'right' },
    { title: 'KIND' },
    { title: 'BYTES', align: 'right' },
    { title: 'KEY' },
  ]);
  const rows = changes.map(({ how, id, before, after, bytes }) => {
    const both = (text: (side: NonNullable<Change['after']>) => string) =>
      [...new Set([before, after].flatMap((side) => (side === null ? [] : [text(side)])))].join(' -> ');
    return [signs[how], String(id), both(({ kind }) => kind), signed(bytes), both(({ key }) => brief(key, whole))];
  });
  const count = (how: Change['how']) => `${changes.filter((change) => change.how === how).length} ${how}`;
  const counts = [count('appeared'), count('vanished'), count('changed')].join(', ');
  const sum = changes.reduce((all, { bytes }) => all + bytes, 0);
  return [...(rows.length === 0 ? [] : table.lines(rows)), `position ${from} to ${to}: ${counts}, ${signed(sum)}`];
}

export function blameLines(found: Blame, { whole }: TableOptions): readonly string[] {
  const { path, shows, layer, how, before, time, position, actor } = found;
  return fieldLines([
    ['path', plain(path)],
    ['shows', shows],
    ['layer', `${layer.id} ${brief(layer.key, whole)}`],
    ...(layer.diffId === null ? [] : [['diff id', brief(layer.diffId, whole)] as const]),
    ['how', plain(how)],
    [
      layer.kind === 'committed' ? 'committed' : 'open, prepared',
      time === null ? 'unknown' : `${dateOf(time)}, position ${position}`,
    ],
    ['by', actorText(actor ?? {})],
    ...(before === null ? [] : [['was in', `${before.id} ${brief(before.key, whole)}`] as const]),
  ]);
}

export const anchorLines = (row: AnchorRow): readonly string[] => ('anchor' in row ? [row.anchor] : [row.why ?? 'ok']);

export const whyLines = ({ id, key, now, diffId, story, children }: Why): readonly string[] => [
  `snapshot ${id} ${plain(key)}: ${now}`,
  ...(diffId === null ? [] : [`  diff id ${diffId}`]),
  ...story.map((part) => `  ${plain(part)}`),
  ...children.map((child) => `  needed by its child ${plain(child)}`),
  ...(now === 'retained' ? [`  \`snapledger restore ${id}\` brings it back`] : []),
];
