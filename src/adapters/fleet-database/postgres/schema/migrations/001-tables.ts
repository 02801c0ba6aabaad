/** The client's part of a key, or the whole of a key that has another form. */
const ownKey = "regexp_replace(key, '^[^/]+/[0-9]+/', '')";

/** Entries of an index are limited to 2,700 bytes, and names to nothing: an index holds their beginnings. */
const start = (expression: string) => `left(${expression}, 200)`;

const text = 'text COLLATE "C"';

/** An existing layer whose name is known; a short one has an entry of an index for itself. */
const layer = "kind = 'committed' AND removed = 'infinity' AND chain_id <> ''";
const short = 'octet_length(chain_id) + octet_length(namespace) <= 2000';

/** FORMAT.md, "The fleet's tables", describes the columns. Collation "C" compares bytes: it is fast, and finds prefixes. */
export const tables = `
CREATE TABLE progress (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  commit_position bigint,
  prepare_position bigint,
  written timestamptz
) WITH (fillfactor = 50);
INSERT INTO progress DEFAULT VALUES;

CREATE TABLE store (
  store ${text} PRIMARY KEY,
  root_bytes bigint,
  first_position bigint NOT NULL,
  position bigint NOT NULL,
  last_event timestamptz,
  last_recorded timestamptz,
  indexed timestamptz NOT NULL DEFAULT now(),
  unknown bigint NOT NULL,
  lineage int NOT NULL,
  open bool NOT NULL,
  stopped bool NOT NULL,
  node ${text} NOT NULL,
  driver ${text} NOT NULL,
  version ${text} NOT NULL,
  kernel ${text} NOT NULL,
  file_system ${text} NOT NULL,
  root ${text} NOT NULL,
  chain_hash ${text} NOT NULL,
  fault ${text} NOT NULL,
  hint ${text} NOT NULL,
  fold json
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5);

CREATE TABLE snapshot (
  id bigint NOT NULL,
  parent_id bigint,
  bytes bigint,
  inodes bigint,
  prepared timestamptz,
  committed timestamptz,
  last_used timestamptz,
  removed timestamptz NOT NULL DEFAULT 'infinity',
  partition_key timestamptz NOT NULL DEFAULT 'infinity',
  used_day int,
  retained bool NOT NULL,
  store ${text} NOT NULL,
  namespace ${text} NOT NULL,
  kind ${text} NOT NULL,
  key ${text} NOT NULL,
  parent ${text} NOT NULL,
  path ${text} NOT NULL,
  chain_id ${text} NOT NULL,
  diff_id ${text},
  actor ${text} NOT NULL,
  ended ${text},
  fold json
) PARTITION BY RANGE (partition_key);
CREATE INDEX snapshot_chain_id ON snapshot (${start('chain_id')}) WHERE chain_id <> '';
CREATE INDEX snapshot_diff_id ON snapshot (${start('diff_id')}) WHERE diff_id IS NOT NULL;
CREATE INDEX snapshot_own_key ON snapshot (${start(ownKey)}) WHERE ${ownKey} <> chain_id;

CREATE TABLE snapshot_current PARTITION OF snapshot FOR VALUES FROM ('infinity') TO (MAXVALUE)
  WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE UNIQUE INDEX snapshot_current_id ON snapshot_current (store, id) INCLUDE (parent_id, used_day);
CREATE INDEX snapshot_current_path ON snapshot_current (store, ${start('path')}) WHERE kind <> 'committed';
CREATE INDEX snapshot_current_layer ON snapshot_current (chain_id, namespace, bytes, store) WHERE ${layer} AND ${short};
CREATE INDEX snapshot_current_long_layer ON snapshot_current (store) WHERE ${layer} AND NOT ${short};
CREATE TABLE snapshot_removed_other PARTITION OF snapshot DEFAULT;
ALTER TABLE snapshot_removed_other ADD CHECK (removed < 'infinity');
CREATE INDEX ON snapshot_removed_other (store);

CREATE TABLE incident (
  store ${text},
  position bigint,
  time timestamptz NOT NULL,
  kind ${text} NOT NULL,
  snapshot bigint,
  key ${text} NOT NULL,
  text ${text} NOT NULL,
  PRIMARY KEY (store, position)
);
CREATE INDEX incident_time ON incident (time);

CREATE TABLE usage_daily (
  store ${text} NOT NULL,
  namespace ${text} NOT NULL,
  day date NOT NULL,
  prepared bigint NOT NULL,
  committed bigint NOT NULL,
  removed bigint NOT NULL,
  lost bigint NOT NULL,
  bytes_added bigint NOT NULL,
  bytes_removed bigint NOT NULL,
  snapshots bigint NOT NULL,
  bytes bigint NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX usage_daily_id ON usage_daily (store, md5(namespace), day);
CREATE INDEX usage_daily_day ON usage_daily (day);

CREATE TABLE image (
  store ${text} NOT NULL,
  namespace ${text} NOT NULL,
  name ${text} NOT NULL,
  target ${text} NOT NULL,
  layers text[] COLLATE "C" NOT NULL,
  created timestamptz NOT NULL,
  updated timestamptz NOT NULL,
  deleted timestamptz
);
CREATE UNIQUE INDEX image_id ON image (store, md5(namespace), md5(name));
CREATE INDEX image_name ON image (${start('name')});
CREATE INDEX image_target ON image (${start('target')});
CREATE INDEX image_top_layer ON image (${start('layers[cardinality(layers)]')}) WHERE deleted IS NULL;
CREATE INDEX image_existing ON image (store) WHERE deleted IS NULL;

CREATE TABLE kept_event (
  store ${text},
  position bigint,
  type ${text} NOT NULL,
  wire json NOT NULL,
  PRIMARY KEY (store, position)
);
`;
