import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { anchorOf, checkAnchors, formatAnchor, parseAnchor } from '../../../app/audit/anchor.ts';
import { Fault } from '../../../ports/fault.ts';
import type { ReadableLog } from '../../../ports/readable-log.ts';
import { audited } from '../../audited.ts';
import { Texts } from '../../decode-query.ts';
import { type Audit, nothing, withLog } from './source.ts';

/** The head of the log's chain; with `holds`, whether the log still holds such heads of before. */
export const anchor: Audit = audited('/anchor', nothing, t.partial({ holds: Texts }), async (query, { files }) =>
  withLog<unknown>(files, (opened) => (query.holds === undefined ? head(opened) : held(opened, query.holds))),
);

async function head(opened: ReadableLog) {
  const found = await anchorOf(opened);
  return {
    store: found.store,
    position: String(found.position),
    chainHash: found.chainHash,
    anchor: formatAnchor(found),
  };
}

async function held(opened: ReadableLog, lines: readonly string[]) {
  const anchors = lines
    .flatMap((line) => line.split(','))
    .map((line) => {
      const parsed = parseAnchor(line);
      if (either.isRight(parsed)) return parsed.right;
      throw new Fault('misuse', `holds: ${parsed.left}`, { hint: 'give whole lines of /anchor' });
    });
  const { broken } = await checkAnchors(opened, anchors);
  return { holds: broken === null, why: broken?.why ?? null };
}
