import type { Command } from 'commander';
import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import { Ambiguous } from '../../app/audit/find-snapshot.ts';
import { knownKey } from '../../app/audit/history.ts';
import { wallClock } from '../../app/audit/moment.ts';
import { createChooser, follow, select } from '../../app/audit/select-events.ts';
import { queries, selectionOf } from '../../app/queries/queries.ts';
import type { Given } from '../../app/queries/query.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import type { CliDeps } from '../cli-deps.ts';
import { relativeOption, wholeOption } from '../options.ts';
import { createEventTable } from '../output/event-table.ts';
import { createPaint, type Print, print } from '../output/print.ts';
import { addQuery, decoded, givenTo, type QueryOptions } from '../query-command.ts';
import { logStamp, noteGone, storeRoot } from '../store-files.ts';

export interface LogOptions extends QueryOptions {
  readonly follow?: boolean;
}

const { parameters } = queries.log;
const pollMilliseconds = 250;

/** The command of the query `log`. It prints batch by batch, however long the log is, and can follow it. */
export function addLog(program: Command, deps: CliDeps): void {
  const command = addQuery(program, queries.log)
    .option('--key <key>', 'the same as the argument')
    .option('-f, --follow', 'continue with new events')
    .addOption(relativeOption())
    .addOption(wholeOption());
  command.action(async (argument: string | undefined, options: LogOptions & { readonly key?: string }) => {
    if (argument !== undefined && options.key !== undefined && argument !== options.key)
      throw new Fault('misuse', 'log: two keys are given', { hint: 'give one, with or without --key' });
    const given = givenTo(command, parameters, [argument ?? options.key]);
    await log(given, options, deps, print);
  });
}

/** Prints the events of a store, or of one key: a table, or with `json` one envelope a line. */
export async function log(given: Given, options: LogOptions, deps: CliDeps, print: Print): Promise<void> {
  const asked = selectionOf(decoded(parameters, given, 'log'));
  if (asked.until !== undefined && options.follow === true)
    throw new Fault('misuse', 'log: --follow never ends, --until would end it', { hint: 'use one of them' });
  const root = storeRoot(options);
  const files = deps.storeFiles(root);
  const render = options.json === true ? asJson : createEventTable(tableOptions(options));
  const opened = await files.openLog();
  const { end } = opened;
  const printed = async () => {
    if (asked.from <= (opened.gone?.upTo ?? 0)) noteGone(opened);
    const selection = { ...asked, key: await keyOf(opened, files, asked.key, options) };
    const choose = createChooser(selection);
    for await (const batch of select(opened, selection, choose)) print(render(batch));
    return choose;
  };
  const choose = await printed().finally(() => opened.close());
  if (options.follow !== true) return;
  const stamp = () => logStamp(root);
  const ahead = follow(end.position, { choose, everyMilliseconds: pollMilliseconds, stamp, reopen: files.openLog });
  for await (const batch of ahead) print(render(batch));
}

/** The key that is named. With `follow` an unknown one may still appear. */
async function keyOf(
  opened: ReadableLog,
  files: StoreFiles,
  key: string | undefined,
  options: LogOptions,
): Promise<string | undefined> {
  if (key === undefined) return undefined;
  try {
    return await knownKey(files, opened, key);
  } catch (error) {
    if (options.follow === true && !(error instanceof Ambiguous)) return key;
    throw error;
  }
}

const tableOptions = ({ whole, relative }: LogOptions) => ({
  whole,
  paint: createPaint(),
  ago: relative === true ? wallClock : undefined,
});

const asJson = (batch: readonly Envelope[]) => batch.map((envelope) => JSON.stringify(encodeEnvelope(envelope)));
