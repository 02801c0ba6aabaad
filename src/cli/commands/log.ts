import * as either from 'fp-ts/lib/Either.js';
import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { versions } from '../../../events/registry.ts';
import { never } from '../../app/audit/history.ts';
import { parseTime } from '../../app/audit/moment.ts';
import { createChooser, follow, type Selection, select } from '../../app/audit/select-events.ts';
import { stateAt, wallClock } from '../../app/audit/state-at.ts';
import { nearest } from '../../config/nearest.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { storeFiles } from '../load-store.ts';
import { createPaint } from '../output/colour.ts';
import { createEventTable } from '../output/event-table.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { logStamp, type RootOptions, storeRoot } from '../store-root.ts';
import type { World } from '../world.ts';

export interface LogOptions extends RootOptions {
  readonly json?: boolean;
  /** as the argument */
  readonly key?: string;
  readonly namespace?: string;
  readonly from?: number;
  readonly since?: string;
  readonly until?: string;
  readonly type?: readonly string[];
  readonly lines?: number;
  readonly follow?: boolean;
  /** digests in full */
  readonly whole?: boolean;
  /** how long ago instead of when */
  readonly relative?: boolean;
}

const pollMilliseconds = 250;

/** Prints the events of a store, or those in the life of one key: a table, or with `json` one envelope a line. */
export async function log(
  argument: string | undefined,
  options: LogOptions,
  world: World,
  print: Print,
): Promise<void> {
  const root = storeRoot(options);
  const selection = selectionOf(argument, options);
  const choose = createChooser(selection);
  const render = options.json === true ? asJson : createEventTable(looks(options));
  const opened = await world.openLog(root);
  let found = 0;
  for await (const batch of select(opened, selection, choose)) {
    found += batch.length;
    print(render(batch));
  }
  await opened.close();
  if (options.follow === true) {
    const stamp = () => logStamp(root);
    const reopen = () => world.openLog(root);
    const ahead = follow(opened.end.position, { choose, everyMilliseconds: pollMilliseconds, stamp, reopen });
    for await (const batch of ahead) print(render(batch));
  }
  if (found === 0 && selection.key !== undefined) await expectKnown(opened, selection.key, options, world);
}

const looks = ({ whole, relative }: LogOptions) => ({
  whole,
  paint: createPaint(),
  ago: relative === true ? wallClock : undefined,
});

/** Throws a Fault (`misuse`) for what can't be selected. */
function selectionOf(argument: string | undefined, options: LogOptions): Selection {
  const { from = 1, type: types = [], lines: newest, namespace, since, until } = options;
  for (const type of types) checkType(type);
  if (argument !== undefined && options.key !== undefined && argument !== options.key)
    throw new Fault('misuse', 'log: two keys are named', { hint: 'name it once, with or without --key' });
  if (until !== undefined && options.follow === true)
    throw new Fault('misuse', 'log: --follow never ends, --until would end it', { hint: 'leave one of them out' });
  const key = argument ?? options.key;
  return {
    key,
    types,
    namespace,
    from,
    newest,
    since: timeGiven('--since', since),
    until: timeGiven('--until', until),
  };
}

function timeGiven(option: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text, wallClock());
  if (either.isRight(time)) return time.right;
  throw new Fault('misuse', `${option}: ${plain(time.left)}`, { hint: 'a position goes with --from' });
}

/** Throws a Fault (`missing`) where no event names the key, whatever else was selected. */
async function expectKnown(opened: ReadableLog, key: string, options: LogOptions, world: World): Promise<void> {
  const whole = { key, types: [], from: 1 };
  for await (const _ of select(opened, whole, createChooser(whole))) return;
  const files = storeFiles(options, world);
  throw await never(opened, await stateAt(files, opened, opened.end.position), plain(key));
}

function checkType(type: string): void {
  if (Object.hasOwn(versions, type)) return;
  const meant = nearest(type, Object.keys(versions));
  throw new Fault('misuse', `--type: there is no event ${plain(type)}`, {
    hint: meant === undefined ? `there are ${Object.keys(versions).join(', ')}` : `did you mean ${meant}?`,
  });
}

const asJson = (batch: readonly Envelope[]) => batch.map((envelope) => JSON.stringify(encodeEnvelope(envelope)));
