import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../../../events/codecs.ts';
import type { Gone } from '../../../../ports/event-log.ts';
import { Fault } from '../../../../ports/fault.ts';
import { replaceFile, syncDirectory } from '../../../system/files.ts';
import { firstOf, segmentNames } from '../format/segment.ts';

const format = 'snapledger.moved.v1';

const MoveCodec = t.type(
  {
    first: Decimal,
    last: Decimal,
    chainHash: t.string,
    base: t.string,
    to: t.string,
    time: t.string,
    files: t.readonlyArray(t.type({ name: t.string, bytes: Decimal, sha256: t.string })),
  },
  'Move',
);

/**
 * Archives of the positions `first` to `last` that were moved together to the directory `to`. `chainHash` is that of `last`: what
 * remains follows from it. `base` is the SHA-256 of `last`.base, the state that replaces what was moved.
 */
export type Move = t.TypeOf<typeof MoveCodec>;

const Body = t.type({ format: t.literal(format), store: t.string, moves: t.readonlyArray(MoveCodec) }, 'Moved');

/** All archives that were moved out of a log, oldest first; `store` is empty if there are none. */
export interface Moved {
  readonly store: string;
  readonly moves: readonly Move[];
}

/** The file beside the segments that records the first position of a log. */
const movedPath = (directory: string): string => join(directory, 'moved.json');

/** Throws a Fault (`corrupt`) if the file can't be read: the first position of the log is then unknown. */
export function readMoved(directory: string): Moved {
  const path = movedPath(directory);
  if (!existsSync(path)) return { store: '', moves: [] };
  const parsed = either.mapLeft(String)(json.parse(readFileSync(path, 'utf8')));
  const body = either.chain((value: unknown) => decodeWith(Body, value))(parsed);
  if (either.isRight(body)) return body.right;
  throw new Fault('corrupt', `${path}: ${body.left}`, {
    hint: 'restore the file from a backup; or bring back all archives that were moved away and delete the file',
  });
}

/** Resolves when the file is on stable storage; deletes it if nothing is moved. */
export async function writeMoved(directory: string, { store, moves }: Moved): Promise<void> {
  const path = movedPath(directory);
  if (moves.length > 0)
    return replaceFile(path, (handle) =>
      handle.writeFile(`${JSON.stringify(Body.encode({ format, store, moves }))}\n`),
    );
  await rm(path, { force: true });
  await syncDirectory(directory);
}

/** The range that a log lacks, for its readers; undefined if nothing was moved. */
export function goneFrom({ store, moves }: Moved): Gone | undefined {
  const last = moves.at(-1);
  if (last === undefined) return undefined;
  const fault = new Fault('missing', moves.map(moveText).join('; '), {
    hint: 'with the daemon stopped, `snapledger archive --bring-back DIR` makes them a part of the log again',
  });
  return { store, upTo: last.last, fault };
}

const moveText = ({ first, last, to, time }: Move) =>
  `positions ${first} to ${last} were moved to ${to} on ${time.slice(0, 10)}`;

/** The names of the segments that a log consists of, without those that an unfinished move left behind. */
export function remainingNames(directory: string, { moves }: Moved): readonly string[] {
  const after = moves.at(-1)?.last ?? 0;
  return segmentNames(directory).filter((name) => (firstOf(name) ?? 0) > after);
}
