import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { versions } from '../../../events/registry.ts';
import { nearest } from '../../config/nearest.ts';
import { Fault } from '../../ports/fault.ts';
import { brief } from '../output/brief.ts';
import { describeEvent } from '../output/describe-event.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { createTable } from '../output/table.ts';
import { dateOf } from '../output/time.ts';
import { createChooser, follow, select } from '../select-events.ts';
import { logStamp, type RootOptions, storeRoot } from '../store-root.ts';
import type { World } from '../world.ts';

export interface LogOptions extends RootOptions {
  readonly json?: boolean;
  readonly from?: number;
  readonly type?: readonly string[];
  readonly lines?: number;
  readonly follow?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

const pollMilliseconds = 250;

/** Prints the events of a store, or those in the life of one key: a table, or with `json` one envelope a line. */
export async function log(key: string | undefined, options: LogOptions, world: World, print: Print): Promise<void> {
  const { from = 1, type: types = [], lines: newest } = options;
  for (const type of types) checkType(type);
  const root = storeRoot(options);
  const selection = { key, types, from, newest };
  const choose = createChooser(selection);
  const render = options.json === true ? asJson : createEventTable(options.whole === true);
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
  if (found === 0 && key !== undefined)
    throw new Fault('io', `log: no event names the key ${plain(key)}`, {
      hint: 'keys stand as containerd gives them, as "default/12/name"; `snapledger tree` lists the living ones',
    });
}

function checkType(type: string): void {
  if (Object.hasOwn(versions, type)) return;
  const meant = nearest(type, Object.keys(versions));
  throw new Fault('misuse', `--type: there is no event ${plain(type)}`, {
    hint: meant === undefined ? `there are ${Object.keys(versions).join(', ')}` : `did you mean ${meant}?`,
  });
}

const asJson = (batch: readonly Envelope[]) => batch.map((envelope) => JSON.stringify(encodeEnvelope(envelope)));

function createEventTable(whole: boolean): (batch: readonly Envelope[]) => readonly string[] {
  const table = createTable([
    { title: 'POSITION', align: 'right' },
    { title: 'TIME' },
    { title: 'TYPE' },
    { title: 'ID', align: 'right' },
    { title: 'KEY' },
    { title: 'WHAT' },
    { title: 'ACTOR' },
  ]);
  return (batch) => table.lines(batch.map((envelope) => eventRow(envelope, whole)));
}

function eventRow(envelope: Envelope, whole: boolean): readonly string[] {
  const { id, about, what, actor } = describeEvent(envelope);
  return [
    String(envelope.position),
    dateOf(envelope.time),
    envelope.event.type,
    id,
    brief(about, whole),
    brief(what, whole),
    plain(actor),
  ];
}
