import type { Envelope } from '../../../events/envelope.ts';
import { type History, historyOf, type Kin } from '../../app/audit/history.ts';
import { historyRow } from '../../app/audit/history-row.ts';
import { wallClock } from '../../app/audit/state-at.ts';
import type { World } from '../cli-deps.ts';
import { historyFiles } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import { createPaint, type Paint } from '../output/colour.ts';
import { createEventTable } from '../output/event-table.ts';
import { fieldLines } from '../output/fields.ts';
import type { Print } from '../output/print.ts';
import { agoOf, dateOf, durationOf } from '../output/time.ts';
import type { RootOptions } from '../store-root.ts';

export interface HistoryOptions extends RootOptions {
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
  /** how long ago instead of when */
  readonly relative?: boolean;
}

/** Prints the history of every snapshot that ever had a key or name, or of the one with that id; with `json` one snapshot a line. */
export async function history(key: string, options: HistoryOptions, world: World, print: Print): Promise<void> {
  const histories = await historyOf(historyFiles(options, world), key, wallClock());
  if (options.json === true) print(histories.map((one) => JSON.stringify(historyRow(one))));
  else
    for (const [index, one] of histories.entries())
      print([...(index === 0 ? [] : ['']), ...historyLines(one, options)]);
}

function historyLines(one: History, { whole, relative }: HistoryOptions): readonly string[] {
  const { id, key, name, now, activeFor, parents, children, events } = one;
  const paint = createPaint();
  const ago = relative === true ? wallClock : undefined;
  return [
    ...fieldLines([
      ['snapshot', `${id}`],
      ['key', brief(key || 'unknown', whole)],
      ['name', name === null ? '-' : brief(name, whole)],
      ['now', standing(one, paint)],
      ['active for', activeFor === null ? 'unknown' : `${durationOf(activeFor)}${stillOpen(one) ? ' and on' : ''}`],
      ['parents', kinLines(parents, now !== null, whole)],
      ['children', kinLines(children, false, whole)],
    ]),
    '',
    ...createEventTable({ whole, ago, paint })(events),
  ];
}

const stillOpen = ({ committed, now }: History) => now !== null && committed === null;

function standing({ kind, ended, now }: History, paint: Paint): string {
  if (now !== null) return paint(`${kind}, lives`, 'green');
  return ended === null ? 'gone' : paint(`${kind}, ${endText(ended)}`, 'red');
}

function endText({ event, time, position, meta }: Envelope): string {
  const how = event.type === 'SnapshotRemoved' ? 'removed' : event.type === 'VolumeLost' ? 'lost' : 'undone';
  const who = [meta.actor ?? 'unknown', meta.namespace].filter((part) => part !== undefined).join('/');
  return `${how} ${dateOf(time)} (${agoOf(time, wallClock())}) by ${who}, position ${position}`;
}

/** A parent that lives is what it was; of all others it is told what became of them. */
function kinLines(kin: readonly Kin[], asNow: boolean, whole?: boolean): readonly string[] {
  if (kin.length === 0) return ['-'];
  return kin.map(({ id, was, now }) => {
    const name = `${id} ${brief(was, whole)}`;
    if (now === null) return `${name} (gone now)`;
    return asNow || now === was ? name : `${name} (now ${brief(now, whole)})`;
  });
}
