import * as either from 'fp-ts/lib/Either.js';
import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { eventCodecs } from '../../../events/registry.ts';
import { Ambiguous } from '../../app/audit/find-snapshot.ts';
import { knownKey } from '../../app/audit/history.ts';
import { parseTime } from '../../app/audit/moment.ts';
import { createChooser, follow, type Selection, select } from '../../app/audit/select-events.ts';
import { wallClock } from '../../app/audit/state-at.ts';
import { nearest } from '../../config/nearest.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { World } from '../cli-deps.ts';
import { noteGone, storeFiles } from '../load-store.ts';
import { createPaint } from '../output/colour.ts';
import { createEventTable } from '../output/event-table.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { logStamp, type RootOptions, storeRoot } from '../store-root.ts';

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
  const asked = selectionOf(argument, options);
  const render = options.json === true ? asJson : createEventTable(looks(options));
  const opened = await world.openLog(root);
  if ((options.from ?? 1) <= (opened.gone?.upTo ?? 0)) noteGone(opened);
  const held = async () => {
    const selection = { ...asked, key: await keyOf(opened, asked, options, world) };
    const choose = createChooser(selection);
    for await (const batch of select(opened, selection, choose)) print(render(batch));
    return choose;
  };
  const choose = await held().finally(() => opened.close());
  if (options.follow !== true) return;
  const stamp = () => logStamp(root);
  const reopen = () => world.openLog(root);
  const ahead = follow(opened.end.position, { choose, everyMilliseconds: pollMilliseconds, stamp, reopen });
  for await (const batch of ahead) print(render(batch));
}

/** The key that is named, whatever else is selected; as it was given where what is still to come may have it. */
async function keyOf(
  opened: ReadableLog,
  { key }: Selection,
  options: LogOptions,
  world: World,
): Promise<string | undefined> {
  if (key === undefined) return undefined;
  try {
    return await knownKey(storeFiles(options, world), opened, key);
  } catch (error) {
    if (options.follow === true && !(error instanceof Ambiguous)) return key;
    throw error;
  }
}

const looks = ({ whole, relative }: LogOptions) => ({
  whole,
  paint: createPaint(),
  ago: relative === true ? wallClock : undefined,
});

/** Throws a Fault (`misuse`) for what can't be selected. */
function selectionOf(argument: string | undefined, options: LogOptions): Selection {
  const { from = 1, lines: newest, namespace, since, until } = options;
  const types = itemsOf(options.type ?? []);
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

/** The items of an option that takes several: given again and again, or separated by commas. */
const itemsOf = (given: readonly string[]) => given.flatMap((text) => text.split(','));

function checkType(type: string): void {
  if (Object.hasOwn(eventCodecs, type)) return;
  const meant = nearest(type, Object.keys(eventCodecs));
  throw new Fault('misuse', `--type: there is no event ${plain(type)}`, {
    hint: meant === undefined ? `there are ${Object.keys(eventCodecs).join(', ')}` : `did you mean ${meant}?`,
  });
}

const asJson = (batch: readonly Envelope[]) => batch.map((envelope) => JSON.stringify(encodeEnvelope(envelope)));
