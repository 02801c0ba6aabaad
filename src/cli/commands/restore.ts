import type { Command } from 'commander';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { State } from '../../../projections/state.ts';
import { Ambiguous } from '../../app/audit/find-snapshot.ts';
import { listRetained, RetainedRow } from '../../app/audit/list-snapshots.ts';
import { RestoredRow } from '../../app/queries/query.ts';
import { loadConfig } from '../../config/load-config.ts';
import { nearest } from '../../domain/nearest.ts';
import { restorable, retainedAs } from '../../domain/restore.ts';
import { Fault } from '../../ports/fault.ts';
import { askHolder } from '../ask-daemon.ts';
import type { CliDeps } from '../cli-deps.ts';
import { jsonOption, storeCommand, wholeOption } from '../options.ts';
import { type Print, print } from '../output/print.ts';
import { plain } from '../output/text.ts';
import { loadStore, type RootOptions, storeRoot } from '../store-files.ts';
import { retainedLines } from '../tables/snapshots.ts';

interface RestoreOptions extends RootOptions {
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

export function addRestore(program: Command, deps: CliDeps): void {
  storeCommand(
    program,
    'restore [name]',
    'restore a removed layer by its name or id; without one, list those that can be',
  )
    .addOption(jsonOption('one layer a line'))
    .addOption(wholeOption())
    .action(async (name: string | undefined, options: RestoreOptions) => restore(name, options, deps, print));
}

/**
 * Restores a removed layer with its parents and prints what was restored: by a running daemon, otherwise here under the lock.
 * Without a name it lists what can be restored.
 */
export async function restore(
  name: string | undefined,
  options: RestoreOptions,
  deps: CliDeps,
  print: Print,
): Promise<void> {
  const state = await loadStore(options, deps);
  if (name === undefined) {
    const rows = listRetained(state);
    if (options.json === true) print(rows.map((row) => JSON.stringify(RetainedRow.encode(row))));
    else print(retainedLines(rows, options));
    return;
  }
  const wanted = unabbreviated(state, name);
  const answer = (await restoreThere(storeRoot(options), wanted)) ?? (await restoreHere(state, wanted, options, deps));
  if (either.isLeft(answer)) throw refused(state, answer.left);
  print(
    answer.right.map(({ id, key }) =>
      options.json === true ? JSON.stringify({ id: String(id), key }) : `restored ${id} ${plain(key)}`,
    ),
  );
}

type Restored = either.Either<string, readonly t.TypeOf<typeof RestoredRow>[]>;

const rows = t.readonlyArray(RestoredRow);
const restored: t.Decoder<unknown, Restored> = {
  ...rows,
  validate: (u, context) =>
    either.map((all: t.TypeOf<typeof rows>): Restored => either.right(all))(rows.validate(u, context)),
  decode: (u) => either.map((all: t.TypeOf<typeof rows>): Restored => either.right(all))(rows.decode(u)),
};

/** By the daemon; undefined if none is running. */
const restoreThere = (root: string, name: string): Promise<Restored | undefined> =>
  askHolder(root, `/restore?name=${encodeURIComponent(name)}`, restored, ({ status, body }) =>
    status === 404 || status === 409 ? either.left(body.trim()) : undefined,
  );

/** Opening a store recovers it, so what can't be restored is refused before, and nothing is changed. */
async function restoreHere(
  state: State,
  name: string,
  { config: file, root }: RestoreOptions,
  deps: CliDeps,
): Promise<Restored> {
  const config = loadConfig({ file, flags: { root, driver: state.storeInfo.driver } });
  const { createLogger } = await import('../../observe/create-logger.ts');
  const can = restorable(state, name);
  const answer = either.isLeft(can) ? can : await deps.restoreStopped(config, name, createLogger('warn'));
  return either.mapLeft(({ text }: { readonly text: string }) => text)(answer);
}

/** The id of the only retained layer with a name; otherwise the name as it is. Throws an Ambiguous for several. */
function unabbreviated(state: State, name: string): string {
  const meant = retainedAs(state, name);
  if (meant.length > 1) throw new Ambiguous(name, meant);
  return String(meant[0]?.id ?? name);
}

function refused({ volumes }: State, text: string): Fault {
  const [, name = ''] = /^snapshot (.*?): /.exec(text) ?? [];
  const close = nearest(
    name,
    [...volumes.retained.values()].map(({ snapshot }) => snapshot.key),
  );
  const hint = close === undefined ? '' : `did you mean ${plain(close)}? `;
  return new Fault('io', plain(text), {
    hint: `${hint}\`snapledger restore\` lists what can be restored, \`snapledger log KEY\` shows what happened to the others`,
  });
}
