import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import type { State } from '../../../projections/state.ts';
import { Ambiguous } from '../../app/audit/find-snapshot.ts';
import { listRetained, retainedRow } from '../../app/audit/list-retained.ts';
import { loadConfig } from '../../config/load-config.ts';
import { nearest } from '../../config/nearest.ts';
import { restorable, retainedAs } from '../../domain/restore.ts';
import { createLogger } from '../../observe/create-logger.ts';
import { Fault } from '../../ports/fault.ts';
import { askDaemon } from '../ask-daemon.ts';
import type { World } from '../cli-deps.ts';
import { holderOf } from '../holder.ts';
import { loadStore } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import { ageOf } from '../output/time.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface RestoreOptions extends RootOptions {
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

/**
 * Brings a removed layer back, with its parents, and prints what lives again: by the daemon where one runs, else here under
 * the lock. Without a name it prints what can be brought back, and changes nothing.
 */
export async function restore(
  name: string | undefined,
  options: RestoreOptions,
  world: World,
  print: Print,
): Promise<void> {
  const state = await loadStore(options, world);
  if (name === undefined) {
    print(
      options.json === true
        ? listRetained(state).map((one) => JSON.stringify(retainedRow(state, one)))
        : textRetained(state, BigInt(Date.now()) * 1_000_000n, options),
    );
    return;
  }
  const wanted = abbreviated(state, name);
  const asked = await askHolder(storeRoot(options), wanted);
  const answer = asked ?? (await restoreHere(state, wanted, options, world));
  if (either.isLeft(answer)) throw refused(state, answer.left);
  print(
    options.json === true
      ? answer.right.map(({ id, key }) => JSON.stringify({ id: String(id), key }))
      : answer.right.map(({ id, key }) => `restored ${id} ${plain(key)}`),
  );
}

type Restored = readonly { readonly id: number; readonly key: string }[];
const Restored = t.readonlyArray(t.type({ id: t.number, key: t.string }));

async function askHolder(root: string, name: string): Promise<either.Either<string, Restored> | undefined> {
  const holder = holderOf(root);
  if (holder === undefined) return undefined;
  const answer = await askDaemon(holder.http, 'POST', `/restore?name=${encodeURIComponent(name)}`);
  if (answer === undefined) return undefined;
  const text = answer.body.trim();
  if (answer.status === 404 || answer.status === 409) return either.left(text);
  const restored = answer.status === 200 ? Restored.decode(JSON.parse(answer.body)) : undefined;
  if (restored !== undefined && either.isRight(restored)) return restored;
  throw new Fault('io', `the daemon (pid ${holder.pid}) refused: ${text}`, { hint: 'look at the log of the daemon' });
}

/** To open a store is to recover it: what can't come back is refused before, and nothing is changed. */
async function restoreHere(
  state: State,
  name: string,
  { config: file, root }: RestoreOptions,
  world: World,
): Promise<either.Either<string, Restored>> {
  const config = loadConfig({ file, flags: { root, driver: state.storeInfo.driver } });
  const can = restorable(state, name);
  const answer = either.isLeft(can) ? can : await world.restoreStopped(config, name, createLogger('warn'));
  return either.mapLeft(({ text }: { readonly text: string }) => text)(answer);
}

/** The number of the one retained layer that a text names; else the text as it is. Throws an Ambiguous for several. */
function abbreviated(state: State, name: string): string {
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
    hint: `${hint}\`snapledger restore\` lists what can be brought back, \`snapledger log KEY\` tells what became of the rest`,
  });
}

/** What can be brought back as aligned lines, the one that goes first first. `now` in nanoseconds since 1970. */
export function textRetained(state: State, now: bigint, { whole = false }: RestoreOptions): readonly string[] {
  const rows = listRetained(state).map(({ snapshot: { id, key }, since, removed }) => {
    const usage = state.usage.get(id);
    return [
      String(id),
      usage === undefined ? '-' : sizeText(usage.bytes),
      ageOf(removed, now),
      String(since),
      brief(key, whole),
    ];
  });
  if (rows.length === 0) return ['nothing is retained'];
  const right = (title: string) => ({ title, align: 'right' }) as const;
  return createTable([right('ID'), right('USAGE'), right('REMOVED'), right('POSITION'), { title: 'KEY' }]).lines(rows);
}
