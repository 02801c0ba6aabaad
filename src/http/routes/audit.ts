import { either } from 'fp-ts';
import * as t from 'io-ts';
import { encodeEnvelope } from '../../../events/envelope.ts';
import { anchorOf, checkAnchors, formatAnchor, parseAnchor } from '../../app/audit/anchor.ts';
import { blame, blameRow } from '../../app/audit/blame.ts';
import { changeRow, difference } from '../../app/audit/difference.ts';
import { familyRows } from '../../app/audit/family.ts';
import { findSnapshot, statRow } from '../../app/audit/find-snapshot.ts';
import { historyOf } from '../../app/audit/history.ts';
import { historyRow } from '../../app/audit/history-row.ts';
import { listRetained, retainedRow } from '../../app/audit/list-retained.ts';
import { listSnapshots } from '../../app/audit/list-snapshots.ts';
import { snapshotRow } from '../../app/audit/snapshot-row.ts';
import { stateOfStore, wallClock } from '../../app/audit/state-at.ts';
import { statsOfStore, statsRow } from '../../app/audit/store-stats.ts';
import { whyRow, whySnapshot } from '../../app/explain/why-snapshot.ts';
import { Fault } from '../../ports/fault.ts';
import type { LayerFiles } from '../../ports/layer-files.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { audited } from '../audited.ts';
import type { Route } from '../route.ts';
import { selected } from '../selected.ts';

/** What the audit looks at: the store's files, as a command would. */
export interface AuditSource {
  readonly files: StoreFiles;
  layers(driver: string): Promise<LayerFiles>;
}

type Audit = Route<AuditSource>;

const at = { at: t.string };
const key = { key: t.string };

const history: Audit = audited('/history', t.type(key), t.partial({}), async (query, { files }) =>
  (await historyOf(files, query.key, wallClock())).map(historyRow),
);

const log: Audit = audited(
  '/log',
  t.type({}),
  t.partial({
    ...key,
    namespace: t.string,
    since: t.string,
    until: t.string,
    type: t.string,
    from: t.string,
    lines: t.string,
  }),
  async (query, { files }) => (await withLog(files, (opened) => selected(opened, query))).map(encodeEnvelope),
);

const tree: Audit = audited('/tree', t.type({}), t.partial(at), async (query, { files }) =>
  familyRows(await stateOfStore(files, query.at)),
);

const ls: Audit = audited(
  '/snapshots',
  t.type({}),
  t.partial({ ...at, filter: t.string }),
  async (query, { files }) => {
    const state = await stateOfStore(files, query.at);
    return listSnapshots(state, query.filter === undefined ? [] : [query.filter]).map((one) => snapshotRow(state, one));
  },
);

const stat: Audit = audited('/stat', t.type(key), t.partial(at), async (query, { files }) => {
  const state = await stateOfStore(files, query.at);
  return statRow(state, findSnapshot(state, query.key));
});

const stats: Audit = audited('/stats', t.type({}), t.partial(at), async (query, { files }) =>
  statsRow(await statsOfStore(files, query.at)),
);

const diff: Audit = audited(
  '/diff',
  t.type({ from: t.string }),
  t.partial({ to: t.string }),
  async (query, { files }) =>
    difference(await stateOfStore(files, query.from), await stateOfStore(files, query.to)).map(changeRow),
);

const blamed: Audit = audited(
  '/blame',
  t.type({ ...key, path: t.string }),
  t.partial({}),
  async (query, { files, layers }) => blameRow(await blame(files, layers, query)),
);

const anchor: Audit = audited('/anchor', t.type({}), t.partial({ holds: t.string }), async (query, { files }) =>
  withLog<unknown>(files, (opened) => (query.holds === undefined ? head(opened) : held(opened, query.holds))),
);

const why: Audit = audited('/why', t.type(key), t.partial({}), async (query, { files }) =>
  whyRow(await whySnapshot(files, query.key)),
);

const retained: Audit = audited('/retained', t.type({}), t.partial(at), async (query, { files }) => {
  const state = await stateOfStore(files, query.at);
  return listRetained(state).map((one) => retainedRow(state, one));
});

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

async function withLog<T>(files: StoreFiles, work: (opened: ReadableLog) => Promise<T>): Promise<T> {
  const opened = await files.openLog();
  return work(opened).finally(() => opened.close());
}

/** The audit over HTTP: each says what the command of the same name says with `--json`. */
export const auditRoutes: readonly Audit[] = [history, log, tree, ls, stat, stats, diff, blamed, anchor, why, retained];
