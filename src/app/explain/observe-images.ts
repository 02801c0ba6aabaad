import { setTimeout as sleep } from 'node:timers/promises';
import type { EventOf } from '../../../events/registry.ts';
import { type Images, imageKey, type RecordedImage } from '../../../projections/images.ts';
import type { AskContainerd, ContainerdImage, ContainerdImages } from '../../ports/containerd-images.ts';
import { faultCode } from '../../ports/fault.ts';
import type { Clock, Uptime } from '../../ports/system.ts';
import { containerdActor } from '../actors.ts';
import type { Journal } from '../store/journal.ts';
import { layersOf } from './image-layers.ts';
import type { ImageTrouble } from './image-trouble.ts';
import { createRate } from './rate.ts';

interface Context {
  readonly journal: Pick<Journal, 'recordSoon' | 'latest'>;
  readonly ask: AskContainerd;
  readonly clock: Clock;
  readonly uptime: Uptime;
  /** of this machine, in Go's words */
  readonly architecture: string;
  readonly trouble: ImageTrouble;
  /** milliseconds, for tests */
  readonly pauses?: Pauses;
}

interface Pauses {
  /** before each new look at an image whose layers could not be read: content may arrive after the name */
  readonly layers: readonly number[];
  /** after a failure, doubled up to the second until a comparison of all images came to its end */
  readonly failure: readonly [first: number, max: number];
}

/** Keeps the record of containerd's images right. Nothing waits for it; its failures are reported, and retried later. */
export interface ImageObserver {
  /** From now on every change is reported, or none; when it begins, all images are compared with the record. */
  listening(now: boolean): void;
  /** An image was created, updated or deleted. */
  changed(namespace: string, name: string): void;
  close(): void;
}

const usualPauses: Pauses = { layers: [2_000, 15_000, 60_000], failure: [10_000, 600_000] };
/** as many in a minute are recorded at most; further ones wait */
const maxEventsPerMinute = 600;
/** Longer names, in UTF-16 units, are not recorded as images: those of other events are cut there. */
const maxNameLength = 511;
/** images that wait for a look; with more, all are compared */
const maxDue = 10_000;
/** Images and their layers, together, that the record has at most: it is one row of a checkpoint. */
const maxRecorded = 100_000;
const isDigest = (text: string) => /^[a-z0-9+._-]{1,64}:[\w=-]{1,256}$/i.test(text);

interface Due {
  readonly namespace: string;
  readonly name: string;
  /** looks so far that found it without layers */
  readonly looks: number;
}

/**
 * Looks at one image after the other: what containerd has under a name is compared with what was recorded of it, and a difference is
 * recorded. So events, the comparison after a gap, and repetitions go one way, and their order does not matter.
 */
export function observeImages(context: Context): ImageObserver {
  const { ask, trouble } = context;
  const state: Looks = { due: new Map(), all: false, comparing: false };
  const closing = new AbortController();
  let listening = false;
  let running = false;
  const wake = () => {
    if (running || !listening || closing.signal.aborted || !(state.all || state.due.size > 0)) return;
    running = true;
    const containerd = ask();
    void work(containerd)
      .catch(notAnswered)
      .finally(() => {
        containerd.close();
        running = false;
        wake();
      });
  };
  const retries = createRetries(state, context.pauses ?? usualPauses, closing.signal, wake);
  const look = createLook(context, { due: state.due, ...retries, signal: closing.signal });
  const work = async (containerd: ContainerdImages) => {
    while (listening && !closing.signal.aborted) {
      if (state.all) {
        Object.assign(state, { all: false, comparing: true });
        state.due.clear();
        for (const one of differing(await containerd.list(), context.journal.latest.images)) add(state, one);
      }
      const [next] = state.due;
      if (next === undefined) return ended();
      state.due.delete(next[0]);
      await look(containerd, next[1]);
    }
  };
  const ended = () => {
    if (!state.comparing) return;
    state.comparing = false;
    retries.compared();
    trouble.works('containerd');
  };
  const notAnswered = (error: unknown) => {
    // One that is gone or being restarted is no news: the watch reports it.
    if (listening && !closing.signal.aborted) trouble.fails('containerd', error);
    retries.failed();
  };
  return {
    listening: (now) => {
      listening = now;
      state.all = now;
      wake();
    },
    changed: (namespace, name) => {
      if (state.due.size >= maxDue) state.all = true;
      else add(state, { namespace, name });
      wake();
    },
    close: () => closing.abort(),
  };
}

/** What is to be looked at. */
interface Looks {
  readonly due: Map<string, Due>;
  /** all images are to be compared with the record */
  all: boolean;
  /** a comparison of all has begun, and nothing has failed since */
  comparing: boolean;
}

function add({ due }: Looks, { namespace, name }: Pick<Due, 'namespace' | 'name'>, looks = 0): void {
  const fits = name.length <= maxNameLength && namespace.length <= maxNameLength;
  if (fits) due.set(imageKey(namespace, name), { namespace, name, looks });
}

/** Puts off what could not be done, and wakes then. */
function createRetries(state: Looks, pauses: Pauses, signal: AbortSignal, wake: () => void) {
  const [first, longest] = pauses.failure;
  let pause = first;
  let waiting = false;
  const later = (milliseconds: number, fn: () => void) =>
    void sleep(milliseconds, undefined, { signal, ref: false }).then(
      () => {
        fn();
        wake();
      },
      () => {},
    );
  return {
    failed: () => {
      state.comparing = false;
      // All are compared then, so that one retry stands for the failures of many images.
      if (waiting) return;
      waiting = true;
      later(pause, () => {
        waiting = false;
        state.all = true;
      });
      pause = Math.min(pause * 2, longest);
    },
    again: (one: Due) => {
      const { [one.looks]: wait } = pauses.layers;
      const next = () => state.due.has(imageKey(one.namespace, one.name)) || add(state, one, one.looks + 1);
      if (wait !== undefined) later(wait, next);
    },
    /** All images have been compared. */
    compared: () => {
      pause = first;
    },
  };
}

/** Names that stand for something else than what was recorded, that lost it, or whose layers are not known. */
function differing(
  images: readonly ContainerdImage[],
  recorded: Context['journal']['latest']['images'],
): readonly Pick<Due, 'namespace' | 'name'>[] {
  const found = new Set(images.map(({ namespace, name }) => imageKey(namespace, name)));
  const isSame = ({ namespace, name, target }: ContainerdImage) => {
    const before = recorded.get(imageKey(namespace, name));
    return before?.target === target && before.layers !== null;
  };
  const gone = [...recorded].flatMap(([key, image]) => (found.has(key) ? [] : [image]));
  return [...gone, ...images.filter((image) => !isSame(image))];
}

interface Looking {
  readonly due: ReadonlyMap<string, Due>;
  readonly signal: AbortSignal;
  /** Its layers could not be read. */
  again(one: Due): void;
  failed(): void;
}

/** A look at one image, which records what differs. */
function createLook(
  { journal, clock, uptime, architecture, trouble }: Context,
  { due, again, failed, signal }: Looking,
) {
  const rate = createRate(uptime, maxEventsPerMinute);
  const record = async (data: EventOf<'ContainerdObserved'>['data']) => {
    while (!rate.take()) await sleep(rate.rest(), undefined, { signal, ref: false });
    // A later change of it is looked at anew.
    if (due.has(imageKey(data.namespace, data.name)) || signal.aborted) return;
    journal.recordSoon([{ type: 'ContainerdObserved', data }], { actor: containerdActor }, failed);
  };
  /** Null too for content that can't be read, which is no reason to look at the other images again. */
  const layersRead = async (read: () => ReturnType<typeof layersOf>, key: string) => {
    try {
      const layers = await read();
      trouble.works('content', key);
      return layers;
    } catch (error) {
      if (faultCode(error) !== 'corrupt') throw error;
      trouble.fails('content', error, key);
      return null;
    }
  };
  const recordedOf = ({ namespace, name }: Due) => journal.latest.images.get(imageKey(namespace, name));
  return async (containerd: ContainerdImages, one: Due): Promise<void> => {
    const { namespace, name } = one;
    const full = countOf(journal.latest.images) >= maxRecorded;
    if (full && recordedOf(one) === undefined) return;
    const image = await containerd.get(namespace, name);
    const key = imageKey(namespace, name);
    if (image === undefined) {
      trouble.works('content', key);
      if (recordedOf(one) === undefined) return;
      return record({ topic: '/images/delete', namespace, name, at: clock(), missed: true });
    }
    const { target, created, updated } = image;
    if (!isDigest(target)) return;
    const known = layersIn(recordedOf(one), target);
    const read = () => layersOf((...of) => containerd.read(namespace, ...of), target, architecture);
    const layers = known ?? (full ? null : await layersRead(read, key));
    if (layers === null) again(one);
    const before = recordedOf(one);
    if (before?.target === target && (layers === null || before.layers !== null)) return;
    const topic = before === undefined ? '/images/create' : '/images/update';
    return record({ topic, namespace, name, at: updated, image: { target, layers, created } });
  };
}

function countOf(images: Images): number {
  let count = 0;
  for (const { layers } of images.values()) count += 1 + (layers?.length ?? 0);
  return count;
}

/** The recorded layers of a target, which never change. */
const layersIn = (recorded: RecordedImage | undefined, target: string) =>
  recorded?.target === target ? recorded.layers : null;
