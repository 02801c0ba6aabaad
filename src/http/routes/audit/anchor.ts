import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { anchorOf, checkAnchors, formatAnchor, parseAnchor } from '../../../app/audit/anchor.ts';
import { Fault } from '../../../ports/fault.ts';
import type { ReadableLog } from '../../../ports/readable-log.ts';
import { audited } from '../../audited.ts';
import { type Audit, nothing, withLog } from './source.ts';

/** The head of the log's chain; with `holds`, whether the log still holds such a head of before. */
export const anchor: Audit = audited('/anchor', nothing, t.partial({ holds: t.string }), async (query, { files }) =>
  withLog<unknown>(files, (opened) => (query.holds === undefined ? head(opened) : held(opened, query.holds))),
);

async function head(opened: ReadableLog) {
  const found = await anchorOf(opened);
  return { store: found.store, position: String(found.position), mark: found.mark, anchor: formatAnchor(found) };
}

async function held(opened: ReadableLog, line: string) {
  const parsed = parseAnchor(line);
  if (either.isLeft(parsed))
    throw new Fault('misuse', `holds: ${parsed.left}`, { hint: 'give a whole line of /anchor' });
  const { broken } = await checkAnchors(opened, [parsed.right]);
  return { holds: broken === null, why: broken?.why ?? null };
}
