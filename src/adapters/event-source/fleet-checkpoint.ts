import { readFile } from 'node:fs/promises';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../events/codecs.ts';
import { isErrno } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { FleetCheckpoint } from '../../ports/fleet-source.ts';
import { replaceFile } from '../system/files.ts';

const format = 'snapledger.fleet-reader.v1';
const whole = /^\d{1,20}$/;
const Head = t.type({ position: Decimal, chainHash: t.string, stopped: t.boolean }, 'Head');
const File = t.type(
  {
    format: t.literal(format),
    at: t.type({ commit: t.string, prepare: t.string }, 'at'),
    heads: t.record(t.string, Head),
  },
  'Checkpoint',
);

/** A fleet reader's progress in a file (FORMAT.md). Saves are atomic: a crash leaves the old progress or the new one. */
export function createFileFleetCheckpoint(file: string): FleetCheckpoint {
  const what = `checkpoint ${file}`;
  return {
    load: async () => {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (isErrno(error, 'ENOENT')) return undefined;
        throw faultOf(error, what);
      });
      if (text === undefined) return undefined;
      const read = either.chain((json: unknown) => decodeWith(File, json))(parsed(text));
      if (either.isLeft(read)) throw damaged(what, read.left);
      const { at, heads } = read.right;
      if (!whole.test(at.commit) || !whole.test(at.prepare)) throw damaged(what, 'at: expected a position');
      return {
        at: { commit: BigInt(at.commit), prepare: BigInt(at.prepare) },
        heads: new Map(Object.entries(heads)),
      };
    },
    save: async ({ at, heads }) => {
      const json = File.encode({
        format,
        at: { commit: String(at.commit), prepare: String(at.prepare) },
        heads: Object.fromEntries(heads),
      });
      try {
        await replaceFile(file, (handle) => handle.writeFile(`${JSON.stringify(json)}\n`));
      } catch (error) {
        throw faultOf(error, what);
      }
    },
  };
}

const parsed = (text: string): either.Either<string, unknown> =>
  either.tryCatch(
    () => JSON.parse(text) as unknown,
    () => 'it is no JSON',
  );

const damaged = (what: string, why: string) =>
  new Fault('corrupt', `${what}: ${why}`, {
    hint: 'delete it to begin again, with everything that was derived before',
  });
