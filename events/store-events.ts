import * as t from 'io-ts';
import { Decimal, Nanoseconds } from './codecs.ts';

/** A directory that is the root of a store. `id` is derived from machine, path and inode, so a copy has another one. */
export const Root = t.type({ id: t.string, host: t.string, path: t.string }, 'Root');
export type Root = t.TypeOf<typeof Root>;

/** The machine that a store is on: its name, the kernel's release, type and size of the file system that holds the root. */
export const Node = t.type({ name: t.string, kernel: t.string, fileSystem: t.string, bytes: Decimal }, 'Node');
export type Node = t.TypeOf<typeof Node>;

/**
 * An image that containerd has: digest of what its name points to, chain ids of its layers for this machine's platform, the base
 * layer's first (null if they could not be read), and when the name was created.
 */
export const Image = t.type(
  { target: t.string, layers: t.union([t.readonly(t.array(t.string)), t.null]), created: Nanoseconds },
  'Image',
);
export type Image = t.TypeOf<typeof Image>;

/** Events about the store itself, its log, and what containerd reported. */
export const storeEvents = {
  /** Position 1 of every log: the identity of the store. */
  StoreCreated: t.type({ store: t.string, driver: t.string, version: t.string }, 'StoreCreated.v1'),

  /**
   * A daemon opened the store. `clean` is false if no StoreClosed precedes it: a crash, or a power cut if `boot` (the
   * kernel's boot id) differs from the previous opening. `found` counts recovery's actions by name. `root` is the root
   * that is served, `replaces` the previous one if it was another. Earlier releases recorded no `node`.
   */
  StoreOpened: t.intersection(
    [
      t.type({
        store: t.string,
        driver: t.string,
        version: t.string,
        boot: t.string,
        pid: Decimal,
        clean: t.boolean,
        replayed: Decimal,
        found: t.record(t.string, Decimal),
        root: Root,
        replaces: t.union([Root, t.null]),
      }),
      t.partial({ node: Node }),
    ],
    'StoreOpened.v1',
  ),

  /** A daemon closed the store in order. */
  StoreClosed: t.type({ reason: t.string }, 'StoreClosed.v1'),

  /**
   * The store was created from an export: of the log up to `position`, and of its layers too if `volumes`. `from` is the
   * driver that it had, `driver` the one that it has since.
   */
  StoreImported: t.type(
    { from: t.string, driver: t.string, position: Decimal, volumes: t.boolean },
    'StoreImported.v1',
  ),

  /**
   * The store was created from the store of one of containerd's own snapshotters, `from`: a SnapshotTakenOver follows for each of its
   * snapshots. `database` is where its database is kept: relative to the root, or absolute if the store was copied into another root.
   * `sha256` is its digest. Ids up to `lastId` were in use and are never used again.
   */
  StoreTakenOver: t.type(
    {
      from: t.string,
      database: t.string,
      sha256: t.string,
      committed: Decimal,
      actives: Decimal,
      views: Decimal,
      lastId: Decimal,
    },
    'StoreTakenOver.v1',
  ),

  /**
   * The log was damaged and has been repaired. `rebuilt` lost nothing, `bridged` left out the positions from `first` to
   * `last` and took the state after them from a checkpoint, `truncated` ended the log before them; their positions are then
   * reused. Snapshot ids up to `lastId` are never used again.
   */
  LogRepaired: t.type(
    {
      /** name of the damaged file, byte of the damage in it, and what was wrong there */
      file: t.string,
      offset: Decimal,
      what: t.string,
      done: t.keyof({ rebuilt: null, bridged: null, truncated: null }, 'RepairDone'),
      first: Decimal,
      last: Decimal,
      /** how many of these events can still be read in the copies of the originals, and how many cannot */
      readable: Decimal,
      unreadable: Decimal,
      /** directory of the damaged originals, relative to the root */
      kept: t.string,
      lastId: Decimal,
    },
    'LogRepaired.v1',
  ),

  /**
   * A change in containerd. `topic` is containerd's own (`/images/delete`), `name` its subject, `at` containerd's time. `image` is what
   * `/images/create` and `/images/update` lead to; they are recorded if target or layers are others than those recorded before.
   * `missed`: containerd's own event was not received, and at `at` the image was found to be gone.
   */
  ContainerdObserved: t.intersection(
    [
      t.type({ topic: t.string, namespace: t.string, name: t.string, at: Nanoseconds }),
      t.partial({ image: Image, missed: t.boolean }),
    ],
    'ContainerdObserved.v1',
  ),

  /**
   * The daemon started or stopped listening to containerd's events. `gap`: nanoseconds before it during which it did not
   * listen, since it last did or since its start; 0 if `listening` is false.
   */
  ContainerdWatchChanged: t.type({ listening: t.boolean, gap: Nanoseconds }, 'ContainerdWatchChanged.v1'),
} as const;
