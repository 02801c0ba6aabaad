/** How large the fleet is that `scaleRows` makes. */
export interface Scale {
  readonly nodes: number;
  /** existing snapshots of each node */
  readonly existing: number;
  /** removed snapshots of each node, evenly over `months` */
  readonly removed: number;
  readonly months: number;
  /** of usage_daily */
  readonly days: number;
}

/** What 30,000,000 events leave: a snapshot takes six or seven, from its prepare to its purge. */
export const wholeScale: Scale = { nodes: 1000, existing: 300, removed: 4500, months: 6, days: 365 };

const digest = (text: string) => `'sha256:' || encode(sha256((${text})::bytea), 'hex')`;
const storeId = (n: string) => `md5('store' || ${n})::uuid::text`;

/** 2,000 images on 20 bases of three layers; each adds two to six of its own. */
const catalog = `
  CREATE TEMP TABLE catalog AS
  SELECT image, level,
    ${digest("CASE WHEN level <= 3 THEN 'base' || image % 20 ELSE 'image' || image END || '/' || level")} AS chain,
    ${digest("'diff' || CASE WHEN level <= 3 THEN 'base' || image % 20 ELSE 'image' || image END || '/' || level")} AS diff,
    1000000 + (image * 7919 + level * 104729) % 60000000 AS bytes
  FROM generate_series(0, 1999) image CROSS JOIN LATERAL generate_series(1, 5 + image % 5) level;
  CREATE INDEX ON catalog (image, level);
  ANALYZE catalog;`;

/** A fold as the indexer keeps it of a snapshot that exists. */
const fold = `json_build_array(json_build_array('snapshot', id, key, kind, parent, parent_id, '1795900000000000000'),
  json_build_array('wanted', id, true, 4711, 'diff'), json_build_array('usage', id, bytes, 17))`;

/** 30 images a node, the popular ones on most; containers run on half of them. */
const existing = ({ nodes, existing }: Scale) => `
  CREATE TEMP TABLE node_image AS
  SELECT DISTINCT n, floor(2000 * random() ^ 3)::int AS image FROM generate_series(1, ${nodes}) n, generate_series(1, 32);
  CREATE TEMP TABLE node_layer AS
  SELECT n, level, chain, diff, bytes, parent, row_number() OVER (PARTITION BY n ORDER BY level, chain) AS id FROM (
    SELECT DISTINCT ON (n, c.chain) n, c.level, c.chain, c.diff, c.bytes, p.chain AS parent
    FROM node_image JOIN catalog c USING (image) LEFT JOIN catalog p ON p.image = c.image AND p.level = c.level - 1
    ORDER BY n, c.chain
  ) one;
  CREATE INDEX ON node_layer (n, chain);
  ANALYZE node_layer;
  CREATE TEMP TABLE node_top AS
  SELECT n, t.id, t.chain, row_number() OVER (PARTITION BY n ORDER BY random()) AS place
  FROM node_image JOIN LATERAL (SELECT chain FROM catalog c WHERE c.image = node_image.image ORDER BY level DESC LIMIT 1) c ON true
  JOIN node_layer t USING (n, chain);
  CREATE INDEX ON node_top (n, place);
  ANALYZE node_top;
  CREATE TEMP TABLE node_path AS
  WITH RECURSIVE up AS (
    SELECT n, id, chain, '/' || id AS path FROM node_layer WHERE parent IS NULL
    UNION ALL SELECT l.n, l.id, l.chain, up.path || '/' || l.id FROM up JOIN node_layer l ON l.n = up.n AND l.parent = up.chain
  ) SELECT n, id, path FROM up;
  CREATE INDEX ON node_path (n, id);
  ANALYZE node_path;
  INSERT INTO snapshot (store, id, key, namespace, kind, parent, parent_id, path, chain_id, diff_id, bytes, inodes, actor, prepared, committed,
    last_used, retained, fold, used_day)
  SELECT *, ${fold}, floor(extract(epoch FROM greatest(last_used, committed)) / 86400) FROM (
    SELECT ${storeId('l.n')} AS store, l.id, 'k8s.io/' || l.id * 2 || '/' || l.chain AS key, 'k8s.io', 'committed' AS kind,
      coalesce('k8s.io/' || p.id * 2 || '/' || p.chain, '') AS parent, p.id AS parent_id, path, l.chain, l.diff, l.bytes, 100, 'containerd',
      now() - age - interval '20 s', now() - age AS committed, now() - age * random() AS last_used, false
    FROM (SELECT *, interval '180 d' * random() AS age FROM node_layer) l
    JOIN node_path USING (n, id) LEFT JOIN node_layer p ON p.n = l.n AND p.chain = l.parent
  ) row;
  INSERT INTO snapshot (store, id, key, namespace, kind, parent, parent_id, path, chain_id, bytes, inodes, actor, prepared, retained, fold,
    used_day)
  SELECT *, ${fold}, 2147483647 FROM (
    SELECT ${storeId('a.n')} AS store, 10000 + a.place AS id,
      'k8s.io/' || 20000 + a.place || '/' || encode(sha256((a.n || '/' || a.place)::bytea), 'hex') AS key,
      'k8s.io', 'active' AS kind, 'k8s.io/' || t.id * 2 || '/' || t.chain AS parent, t.id AS parent_id,
      path || '/' || 10000 + a.place, '', 4096 * a.place AS bytes, 9,
      'containerd', now() - interval '20 d' * random(), false
    FROM (SELECT n, generate_series(1, ${existing} - count(*)) AS place FROM node_layer GROUP BY n) a
    JOIN node_top t ON t.n = a.n AND t.place = 1 + a.place % 15
    JOIN node_path ON node_path.n = t.n AND node_path.id = t.id
  ) row;`;

/** Of a month ago to `month` months ago: containers, layers that were unpacked, and layers of images that came and went. */
const removed = ({ nodes, removed, months }: Scale, month: number) => `
  INSERT INTO snapshot (store, id, key, namespace, kind, parent, parent_id, path, chain_id, diff_id, bytes, inodes, actor, prepared, committed,
    last_used, removed, partition_key, ended, retained)
  SELECT ${storeId('n')}, id, 'k8s.io/' || id * 2 || '/' || CASE
      WHEN c.chain IS NOT NULL THEN c.chain
      WHEN id % 10 < 6 THEN encode(sha256((n || '/' || id)::bytea), 'hex')
      ELSE 'extract-' || id || '-abcd ' || ${digest("'ci' || id")} END,
    'k8s.io', CASE WHEN c.chain IS NOT NULL THEN 'committed' ELSE 'active' END,
    'k8s.io/' || (1 + id % 150) * 2 || '/' || ${digest("'parent' || id % 997")}, 1 + id % 150, '', coalesce(c.chain, ''), c.diff,
    coalesce(c.bytes, 4096 * (id % 100)), 100, 'containerd', removed - life, removed - life * 0.9, removed - life * 0.5,
    removed, removed, CASE WHEN id % 100 = 0 THEN 'undone' ELSE 'removed' END, false
  FROM (
    SELECT n, 20000 + ${month} * 1000000 + i AS id, random() * random() * interval '12 d' AS life,
      date_trunc('month', now(), 'UTC') - interval '${month} months' + random() * interval '27 d' AS removed,
      CASE WHEN i % 10 IN (7, 8) THEN floor(2000 * random())::int END AS image, 1 + floor(random() * 5)::int AS level
    FROM generate_series(1, ${nodes}) n, generate_series(1, ${Math.ceil(removed / months)}) i
  ) r LEFT JOIN catalog c ON c.image = r.image AND c.level = r.level
  ORDER BY removed;`;

const others = ({ nodes, days }: Scale) => `
  INSERT INTO store (store, node, driver, version, kernel, file_system, root_bytes, root, open, lineage, first_position, position,
    chain_hash, stopped, last_event, last_recorded, unknown, fault, hint, fold)
  SELECT ${storeId('n')}, 'node-' || lpad(n::text, 4, '0'), 'overlay', '1.0.0', '6.1.0', 'ext4', 500000000000, '/var/lib/snapledger', true,
    1, 1, 30000, encode(sha256(n::text::bytea), 'hex'), n % 500 = 0, now() - interval '1 min' * random() * (n % 60), now(), 0,
    CASE WHEN n % 500 = 0 THEN 'the chain breaks at position 30001' ELSE '' END, '', '{}'
  FROM generate_series(1, ${nodes}) n;
  INSERT INTO incident SELECT ${storeId('n')}, i * 1000, now() - interval '180 d' * random(),
    (ARRAY['lost', 'undone', 'crash', 'power-cut', 'repaired'])[1 + i % 5], i, 'k8s.io/' || i || '/key', 'a text of an incident'
  FROM generate_series(1, ${nodes}) n, generate_series(1, 20) i;
  INSERT INTO usage_daily SELECT ${storeId('n')}, namespace, current_date - d, 600, 200, 600, 0, 4000000000, 4000000000, 150, 8000000000 + 1000000 * (n + d)
  FROM generate_series(0, ${days - 1}) d, generate_series(1, ${nodes}) n, unnest(ARRAY['k8s.io', 'moby']) namespace;
  INSERT INTO image SELECT ${storeId('n')}, 'k8s.io', 'registry.example/team-' || image % 40 || '/app-' || image || ':1.' || image % 7,
    ${digest("'target' || image")}, layers, now() - interval '100 d' * random(), now() - interval '50 d' * random(), NULL
  FROM node_image JOIN (SELECT image, array_agg(chain ORDER BY level) AS layers FROM catalog GROUP BY image) c USING (image);
  INSERT INTO image SELECT ${storeId('n')}, 'k8s.io', 'registry.example/ci/app:' || md5(n || '/' || i), ${digest("'ci' || n || i")},
    ARRAY[${digest("'ci' || n || i")}], now() - interval '100 d', now() - interval '100 d', now() - interval '99 d'
  FROM generate_series(1, ${nodes}) n, generate_series(1, 60) i;`;

/** Statements that fill the tables, each of which takes at most a minute; `month` counts back from the current one. */
export function scaleRows(scale: Scale): readonly { readonly what: string; readonly sql: string }[] {
  const months = Array.from({ length: scale.months }, (_, month) => month);
  return [
    { what: 'catalog', sql: `SELECT setseed(0.5); ${catalog}` },
    { what: 'existing snapshots', sql: existing(scale) },
    { what: 'stores, incidents, usage, images', sql: others(scale) },
    ...months.map((month) => ({ what: `snapshots removed ${month} months ago`, sql: removed(scale, month) })),
  ];
}
