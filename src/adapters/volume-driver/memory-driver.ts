import type { Kind } from '../../../events/codecs.ts';
import { Fault } from '../../ports/fault.ts';
import { untilAborted } from '../../ports/promises.ts';
import { type Found, isHalted, type Volume, type VolumeDriver } from '../../ports/volume-driver.ts';
import { idOfName } from './shared/paths.ts';

/** A volume of the memory driver. Tests may change it: a volume with more bytes counts as written into. */
export interface MemoryVolume {
  kind: Kind;
  /** allocated, 0 if nothing was written into it */
  bytes: number;
  inodes: number;
  layer: boolean;
  complete: boolean;
  frozen: boolean;
}

export interface MemoryOptions {
  /**
   * Runs before each operation, by the method's name; the operation fails with what it throws. `id` is 0 if there is none. After
   * the signal the operation has failed.
   */
  readonly before?: (operation: string, id: number, signal?: AbortSignal) => void | Promise<void>;
  readonly stagesLayers?: boolean;
}

export interface MemoryDriver extends VolumeDriver {
  /** entries of `snapshots/` by name: an id, or another name for an entry that the driver did not create */
  readonly volumes: Map<string, MemoryVolume>;
  /** entries of `quarantine/` by name */
  readonly quarantined: Map<string, MemoryVolume>;
  /** copies of layers that were not placed */
  readonly copies: Map<string, MemoryVolume>;
}

/** A volume as `create` creates it. */
export const newMemoryVolume = (kind: Kind = 'active'): MemoryVolume => ({
  kind,
  bytes: 0,
  inodes: 1,
  layer: true,
  complete: true,
  frozen: false,
});

/** Volumes in a Map that is lost with the process: for tests, and to try the daemon without a disk. */
export function createMemoryDriver({ before = () => {}, stagesLayers = false }: MemoryOptions = {}): MemoryDriver {
  const volumes = new Map<string, MemoryVolume>();
  const quarantined = new Map<string, MemoryVolume>();
  const copies = new Map<string, MemoryVolume>();
  let copied = 0;
  const halted = new AbortController();
  const run = async <T>(name: string, id: number, operation: () => T, signal?: AbortSignal): Promise<T> => {
    await before(name, id, signal);
    signal?.throwIfAborted();
    return operation();
  };
  /** Runs an operation that is cancelled when the driver is halted. */
  const long = <T>(name: string, id: number, operation: () => T, signal: AbortSignal = halted.signal): Promise<T> => {
    const ended = AbortSignal.any([halted.signal, signal]);
    return untilAborted(run(name, id, operation, ended), ended);
  };
  const change = (name: string, { id }: Volume, changes: Partial<MemoryVolume>) =>
    run(name, id, () => void Object.assign(layerOf(volumes, id), changes));
  return {
    name: 'memory',
    traits: {
      capabilities: [],
      rebase: true,
      layersAreDiffs: true,
      fixedMounts: false,
      durableFreeze: false,
    },
    volumes,
    quarantined,
    copies,
    staging: stagesLayers
      ? {
          copy: (id) => run('copy', id, () => copyOf(copies, `copy ${++copied}`, layerOf(volumes, id))),
          place: (id, copy) => run('place', id, () => place(volumes.get(String(id)), take(copies, copy))),
          discard: (copy) => run('discardCopy', 0, () => void copies.delete(copy)),
        }
      : undefined,
    occupies: ({ kind }) => kind !== 'view',
    isVacant: (id) => !volumes.has(String(id)),
    describeEmpty: () => undefined,
    create: (volume) => run('create', volume.id, () => create(volumes, volume)),
    mounts: (volume) => run('mounts', volume.id, () => [mountOf(volume)]),
    flush: (volume) => change('flush', volume, {}),
    freeze: (volume) => change('freeze', volume, { frozen: true }),
    unfreeze: ({ id }) =>
      run('unfreeze', id, () => void Object.assign(volumes.get(String(id)) ?? {}, { frozen: false })),
    dropActive: (volume) => change('dropActive', volume, { frozen: false, complete: false, kind: 'committed' }),
    hasCommitted: (id) => volumes.get(String(id))?.layer === true,
    usage: ({ id, kind }, signal) => {
      const measure = () => {
        if (kind === 'view') return { bytes: 0, inodes: 0 };
        const { bytes, inodes } = layerOf(volumes, id);
        return { bytes, inodes };
      };
      return long('usage', id, measure, signal);
    },
    purge: (id) => long('purge', id, () => take(volumes, String(id))?.bytes ?? 0),
    syncMetadata: async () => {},
    reclaimSpace: async () => false,
    labelsOf: () => undefined,
    scanIds: async () => undefined,
    scan: () => run('scan', 0, () => [...volumes].map(([name, volume]) => foundOf(name, volume))),
    isPristine: (found) => run('isPristine', found.id ?? 0, () => (volumes.get(nameOf(found))?.bytes ?? 0) === 0),
    quarantine: (found, name) =>
      run('quarantine', found.id ?? 0, () => setAside(volumes, quarantined, { found, name })),
    discard: (found) => long('discard', found.id ?? 0, () => take(volumes, nameOf(found))?.bytes ?? 0),
    halt: () => halted.abort(isHalted()),
    close: async () => {},
  };
}

function create(volumes: Map<string, MemoryVolume>, { id, kind, staged, parents: [parent] }: Volume): void {
  if (parent !== undefined) layerOf(volumes, parent);
  if (kind === 'view') return;
  const existing = volumes.get(String(id));
  if (existing === undefined) volumes.set(String(id), { ...newMemoryVolume(kind), layer: staged !== true });
  else if (staged !== true) Object.assign(existing, { layer: true, complete: true });
}

function copyOf(copies: Map<string, MemoryVolume>, name: string, layer: MemoryVolume): string {
  copies.set(name, { ...layer });
  return name;
}

function place(volume: MemoryVolume | undefined, copy: MemoryVolume | undefined): void {
  if (volume !== undefined && copy !== undefined)
    Object.assign(volume, { bytes: copy.bytes, inodes: copy.inodes, layer: true });
}

function layerOf(volumes: Map<string, MemoryVolume>, id: number): MemoryVolume {
  const volume = volumes.get(String(id));
  if (volume?.layer === true) return volume;
  throw new Fault('io', `volume ${id}: its layer is missing`, {
    hint: 'the memory driver loses its volumes when the process ends',
  });
}

export const mountOf = ({ id, kind, parents, staged }: Volume) => ({
  type: 'memory',
  source: `memory/${id}`,
  target: '',
  options: [
    kind === 'view' || staged === true ? 'ro' : 'rw',
    ...(parents.length > 0 ? [`parents=${parents.join(':')}`] : []),
  ],
});

function take(volumes: Map<string, MemoryVolume>, name: string): MemoryVolume | undefined {
  const volume = volumes.get(name);
  volumes.delete(name);
  return volume;
}

function setAside(
  volumes: Map<string, MemoryVolume>,
  quarantined: Map<string, MemoryVolume>,
  { found, name }: { found: Found; name: string },
): string {
  const volume = take(volumes, nameOf(found));
  let free = name;
  for (let n = 2; volume !== undefined && quarantined.has(free); n++) free = `${name}.${n}`;
  if (volume !== undefined) quarantined.set(free, volume);
  return `quarantine/${free}`;
}

function foundOf(name: string, { layer, complete, frozen }: MemoryVolume): Found {
  const id = idOfName(name);
  const known = id !== null && layer;
  return { path: `snapshots/${name}`, id, layer: known, complete: known && complete, frozen, writable: false };
}

const nameOf = ({ path }: Found): string => path.slice('snapshots/'.length);
