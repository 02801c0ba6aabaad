import type { FleetQuestions, LayerNames } from '../../../../ports/fleet-questions.ts';
import { fromText, toText, toTime } from '../connection/text.ts';
import type { Ask } from './ask.ts';
import { imageColumns, snapshotColumns } from './columns.ts';

export const exists = (alias: string) => `${alias}.removed = 'infinity'`;

/** The client's part of a key, or a key without containerd's form: as the expression of the index. */
export const ownKey = "regexp_replace(s.key, '^[^/]+/[0-9]+/', '')";

/** The indexes hold the beginnings of names, since an entry has a limit. Each has a predicate, which a search must repeat. */
const indexedLength = 200;
const start = (expression: string) => `left(${expression}, ${indexedLength})`;
const startOf = (text: string) => [...text].slice(0, indexedLength).join('');
const nameColumns = [
  { name: 's.chain_id', indexed: "s.chain_id <> ''" },
  { name: 's.diff_id', indexed: 's.diff_id IS NOT NULL' },
  { name: ownKey, indexed: `${ownKey} <> s.chain_id` },
] as const;

/** Snapshots with any of the names $1, whose beginnings are $2, and the key $3 unless it is null. */
const isNamed = `(${nameColumns
  .map(({ name, indexed }) => `(${start(name)} = ANY($2) AND ${name} = ANY($1) AND ${indexed})`)
  .join(' OR ')}) AND ($3::text IS NULL OR s.key = $3)`;

const namesOf = ({ names, key }: LayerNames) => {
  const texts = names.map(toText);
  return [texts, texts.map(startOf), key === undefined ? null : toText(key)] as const;
};

/** Paths of what is below $path, and the beginning that the index holds of them; '0' follows '/'. */
const below = (path: string) => `
  c.path >= ${path} || '/' AND c.path < ${path} || '0'
  AND ${start('c.path')} >= ${start(`${path} || '/'`)} AND ${start('c.path')} <= ${start(`${path} || '/'`)} || '~'`;

/** The containers on each by the index of paths: OFFSET 0 keeps the planner from reading all snapshots instead. */
const holders = `
  SELECT ${snapshotColumns.of('s')}, coalesce((
    SELECT json_agg(c.key ORDER BY c.id) FROM (
      SELECT c.id, c.key FROM snapshot_current c
      WHERE c.store = s.store AND ${below('s.path')} AND c.kind <> 'committed' AND ${exists('c')} OFFSET 0
    ) c WHERE s.kind = 'committed'
  ), '[]')
  FROM snapshot s WHERE ${exists('s')} AND ${isNamed}`;

const history = `
  SELECT ${snapshotColumns.of('s')} FROM snapshot s WHERE ${isNamed}
  ORDER BY coalesce(s.prepared, s.committed) DESC NULLS LAST, s.store, s.id LIMIT $4`;

/**
 * At most $2 different names that begin with $3, whose indexed beginning is $1: one step of the index for each different beginning, however
 * many rows have it. Names that are longer than what is indexed are read from the rows.
 */
const beginning = (name: string, restriction: string) => {
  const indexed = start(name);
  const next = (more: string) => `
    SELECT ${indexed} FROM snapshot s
    WHERE ${indexed} ^@ $1 AND ${restriction} ${more} ORDER BY ${indexed} LIMIT 1`;
  return `
    WITH RECURSIVE name(n) AS (
      (${next('')}) UNION ALL SELECT (${next(`AND ${indexed} > name.n`)}) FROM name WHERE n IS NOT NULL
    ), short AS (SELECT n FROM name WHERE n IS NOT NULL LIMIT $2)
    SELECT n FROM short WHERE length(n) < ${indexedLength} AND n ^@ $3
    UNION ALL SELECT long.n FROM short CROSS JOIN LATERAL (
      SELECT DISTINCT ${name} AS n FROM snapshot s WHERE ${indexed} = short.n AND ${name} ^@ $3 AND ${restriction} LIMIT $2
    ) long WHERE length(short.n) = ${indexedLength}`;
};

const beginnings = { existing: exists('s'), all: 'true' };

/** At a time a snapshot that was committed later was still an active. */
const snapshotsAt = `
  SELECT ${snapshotColumns.of('s').replace('s.kind', "CASE WHEN s.committed > $2 THEN 'active' ELSE s.kind END")}
  FROM snapshot s
  WHERE s.store = $1 AND s.removed > $2 AND coalesce(s.prepared, s.committed, '-infinity') <= $2 ORDER BY s.id`;

const snapshotsNow = `
  SELECT ${snapshotColumns.of('s')} FROM snapshot s WHERE s.store = $1 AND ${exists('s')} ORDER BY s.id`;

const isImage = (column: string, value: string) => `(${start(column)} = ${start(value)} AND ${column} = ${value})`;

const imagesNamed = `
  SELECT ${imageColumns.of('i')} FROM image i
  WHERE ${isImage('i.name', '$1::text')} OR ${isImage('i.target', '$1::text')} OR ${isImage('i.target', "('sha256:' || $1)")}`;

const imagesOf = `SELECT ${imageColumns.of('i')} FROM image i WHERE i.store = $1 AND i.deleted IS NULL`;

const topLayer = 'i.layers[cardinality(i.layers)]';

const imagesByLayer = (condition: string) => `
  SELECT layer, array_agg(name ORDER BY name) FROM (
    SELECT DISTINCT ${topLayer} AS layer, i.name FROM image i WHERE i.deleted IS NULL AND ${condition}
  ) AS top GROUP BY layer`;

/** Of the layers $1, whose beginnings are $2. */
const imagesOfLayers = imagesByLayer(`${start(topLayer)} = ANY($2) AND ${topLayer} = ANY($1)`);

const imagesOfAllLayers = imagesByLayer('cardinality(i.layers) > 0');

type LayerQuestions = Pick<
  FleetQuestions,
  'holders' | 'history' | 'beginning' | 'imagesNamed' | 'hasImages' | 'imagesOfLayers' | 'snapshotsOf' | 'imagesOf'
>;

/** Questions for snapshots and images. */
export const createLayerQuestions = (ask: Ask): LayerQuestions => ({
  holders: async (wanted) =>
    (await ask(holders, namesOf(wanted))).map((row) => ({
      ...snapshotColumns.read(row),
      containers: (row.at(-1) as readonly string[]).map(fromText),
    })),
  history: async (wanted, lines) =>
    (await ask(history, [...namesOf(wanted), lines])).map(snapshotColumns.read).reverse(),
  beginning: async (beginningsOf, of, limit) => {
    const found = new Set<string>();
    for (const { name, indexed } of nameColumns)
      for (const text of beginningsOf) {
        const restriction = `${indexed} AND ${beginnings[of]}`;
        const stored = toText(text);
        const rows = await ask(beginning(name, restriction), [startOf(stored), limit, stored]);
        for (const [name] of rows) found.add(name as string);
      }
    return [...found].slice(0, limit);
  },
  imagesNamed: async (name) => (await ask(imagesNamed, [toText(name)])).map(imageColumns.read),
  hasImages: async () => (await ask('SELECT FROM image LIMIT 1')).length > 0,
  imagesOfLayers: async (layers) => {
    const texts = layers?.map(toText);
    const rows = await (texts === undefined
      ? ask(imagesOfAllLayers)
      : ask(imagesOfLayers, [texts, texts.map(startOf)]));
    return new Map(rows.map(([layer, found]) => [layer as string, found as readonly string[]]));
  },
  snapshotsOf: async (store, at) =>
    (at === undefined
      ? await ask(snapshotsNow, [toText(store)])
      : await ask(snapshotsAt, [toText(store), toTime(at, '')])
    ).map(snapshotColumns.read),
  imagesOf: async (store) => (await ask(imagesOf, [toText(store)])).map(imageColumns.read),
});
