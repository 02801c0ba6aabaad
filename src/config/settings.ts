import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../events/codecs.ts';
import { nearest } from '../domain/nearest.ts';
import {
  AbsolutePath,
  Count,
  Duration,
  Flag,
  LabelPattern,
  Loopback,
  NodeName,
  OneOf,
  Period,
  Room,
  Size,
  SocketPath,
  Text,
} from './values.ts';

const Http = t.partial(
  { listen: Loopback, token_file: AbsolutePath, console: OneOf('off', 'read-only', 'full') },
  'a table',
);

const Overlay = t.partial(
  { mount_options: t.readonlyArray(Text), upperdir_label: Flag, slow_chown: Flag, remap_ids: Flag, stage_layers: Flag },
  'a table',
);

const Log = t.partial({ url: Text, segment_bytes: Size('64KiB'), reserve_bytes: Size('0B'), archive: Flag }, 'a table');

const Forward = t.partial({ url: Text, omit_labels: t.readonlyArray(LabelPattern) }, 'a table');

const Checkpoint = t.partial({ every: Count(1) }, 'a table');

const Retention = t.partial(
  {
    enabled: Flag,
    keep: Period,
    max_snapshots: Count(1),
    max_bytes: Size('0B'),
    min_free: Room,
    never_adopt: t.readonlyArray(Text),
  },
  'a table',
);

const Containerd = t.partial({ events: Flag, address: SocketPath, image_fs_link: AbsolutePath }, 'a table');

/** What a settings file or the command line may say, each key at will: the names are those of the file. */
export const Settings = t.partial(
  {
    root: AbsolutePath,
    existing: Flag,
    node: NodeName,
    address: SocketPath,
    http_address: SocketPath,
    http: Http,
    driver: OneOf('overlay', 'btrfs', 'memory'),
    durability: OneOf('commit', 'background'),
    removal: OneOf('background', 'sync'),
    views_need_parent: Flag,
    manifests: Flag,
    overlay: Overlay,
    log: Log,
    forward: Forward,
    checkpoint: Checkpoint,
    retention: Retention,
    containerd: Containerd,
    drain_timeout: Duration,
    log_level: OneOf('debug', 'info', 'warn', 'error'),
  },
  'a table',
);
export type Settings = t.TypeOf<typeof Settings>;

/** Settings of a file or a command line, or the first thing that is wrong with them: where, what was expected, what was found. */
export const decodeSettings = (input: unknown): either.Either<string, Settings> => decodeTable(Settings, input);

/** The same of any table whose keys are all optional. */
export function decodeTable<P extends t.Props>(
  table: t.PartialC<P>,
  input: unknown,
): either.Either<string, t.TypeOf<t.PartialC<P>>> {
  const unknown = unknownKey(table, input);
  return unknown === undefined ? either.mapLeft(withoutUrls)(decodeWith(table, input)) : either.left(unknown);
}

/** A connection string in the wrong place may have a password. */
const withoutUrls = (text: string) => text.replace(/"[a-z+]+:\/\/.*$/is, 'a URL');

/** The first key of an input that a table's codec does not know, as a sentence with the key that was likely meant. */
function unknownKey(table: t.PartialType<t.Props>, input: unknown, path = ''): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  for (const [key, value] of Object.entries(input)) {
    const codec = Object.hasOwn(table.props, key) ? table.props[key] : undefined;
    if (codec === undefined) return described(`${path}${key}`, nearest(key, Object.keys(table.props)));
    const below = codec instanceof t.PartialType ? unknownKey(codec, value, `${path}${key}.`) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

const described = (path: string, meant: string | undefined) =>
  `${path}: unknown key${meant === undefined ? '' : `, did you mean ${meant}?`}`;
