import * as either from 'fp-ts/lib/Either.js';
import type { Image, ImageLayer, Random } from './images.ts';
import type { NodeLog } from './node-log.ts';

/** An image that was pulled into a namespace. */
interface Held {
  readonly image: Image;
  readonly namespace: string;
}

/** removed layers that a node keeps */
const maxRetained = 40;

/** What containerd does on a simulated node, and what the daemon does about it. */
export class SimulatedNode {
  readonly #log: NodeLog;
  readonly #random: Random;
  /** names of existing layers by namespace and chain id, as containerd's database has them */
  readonly #names = new Map<string, string>();
  readonly #held = new Map<string, Held>();
  readonly #running: { readonly key: string; readonly on: Held }[] = [];
  #sequence = 0;

  constructor(log: NodeLog, random: Random) {
    this.#log = log;
    this.#random = random;
  }

  /** Pulls an image, as far as its layers are not here, and starts a container on it. */
  run(image: Image, namespace: string): void {
    const on = { image, namespace };
    this.#pull(on);
    this.#startOn(on);
  }

  /** Starts a container on an image that is here. */
  start(): void {
    const on = this.#oneOf([...this.#held.values()]);
    if (on !== undefined) this.#startOn(on);
  }

  /** Removes a container. */
  stop(): void {
    const [one] = this.#running.splice(this.#upTo(this.#running.length), 1);
    if (one !== undefined) this.#remove(one.key, one.on.namespace);
  }

  /** Deletes an image that no container uses; containerd then collects the layers without children, and the oldest retained ones are evicted. */
  collect(): void {
    const used = new Set(this.#running.map(({ on }) => on.image));
    const on = this.#oneOf([...this.#held.values()].filter(({ image }) => !used.has(image)));
    if (on === undefined) return;
    this.#held.delete(`${on.namespace} ${on.image.name}`);
    this.#observe('/images/delete', on);
    for (const layer of on.image.layers.toReversed()) {
      const name = this.#nameOf(layer, on.namespace);
      if (name === '' || !this.#remove(name, on.namespace)) break;
      this.#names.delete(`${on.namespace}/${layer.chainId}`);
    }
    this.#evict();
  }

  /** A container's snapshot vanished from the disk; a start finds that. */
  lose(): void {
    const [one] = this.#running.splice(this.#upTo(this.#running.length), 1);
    const snapshot = this.#log.state.index.get(one?.key ?? '');
    if (snapshot === undefined) return;
    const { id, key } = snapshot;
    this.#log.record([{ type: 'VolumeLost', data: { id, key, why: `snapshots/${id} is not on the disk` } }]);
  }

  #pull(on: Held): void {
    let parent = '';
    for (const layer of on.image.layers) {
      const name = this.#nameOf(layer, on.namespace) || this.#unpack(layer, on.namespace, parent);
      this.#names.set(`${on.namespace}/${layer.chainId}`, name);
      parent = name;
    }
    this.#held.set(`${on.namespace} ${on.image.name}`, on);
    this.#observe('/images/create', on);
  }

  /** Returns the layer's name, also that of a retained layer that was adopted. */
  #unpack({ chainId, diffId, blob, bytes, inodes }: ImageLayer, namespace: string, parent: string): string {
    const ref = { 'containerd.io/snapshot.ref': chainId };
    const labels = {
      ...ref,
      'containerd.io/snapshot/diff-id': diffId,
      'containerd.io/snapshot/cri.layer-digest': blob,
    };
    const key = this.#key(namespace, `extract-${this.#upTo(1e9)}-${this.#hex(1).slice(4)} ${chainId}`);
    const { answer, events } = this.#log.call({ type: 'Prepare', kind: 'active', key, parent, labels }, namespace);
    const [first] = events;
    if (either.isLeft(answer)) return first?.type === 'SnapshotRestored' ? first.data.key : '';
    const name = this.#key(namespace, chainId);
    this.#log.call({ type: 'Commit', key, name, parent: '', labels: ref }, namespace);
    const id = this.#log.state.index.get(name)?.id;
    if (id !== undefined) this.#log.record([{ type: 'UsageMeasured', data: { id, bytes, inodes } }]);
    return name;
  }

  #startOn(on: Held): void {
    const top = on.image.layers.at(-1);
    const parent = top === undefined ? '' : this.#nameOf(top, on.namespace);
    const key = this.#key(on.namespace, this.#hex(8));
    const kind = this.#upTo(30) === 0 ? 'view' : 'active';
    const { answer } = this.#log.call({ type: 'Prepare', kind, key, parent, labels: {} }, on.namespace);
    if (either.isLeft(answer)) return;
    this.#running.push({ key, on });
    if (this.#upTo(20) > 0) return;
    const label = 'containerd.io/gc.root';
    const update = { labels: { [label]: String(this.#log.now()) }, mask: [`labels.${label}`] };
    this.#log.call({ type: 'Update', key, ...update }, on.namespace);
  }

  /** Whether it was there and had no children. */
  #remove(key: string, namespace: string): boolean {
    const [first] = this.#log.call({ type: 'Remove', key }, namespace).events;
    if (first?.type !== 'SnapshotRemoved') return false;
    if (!first.data.retained) this.#purge(first.data.id, 'removed', 4096 * this.#upTo(2000));
    return true;
  }

  #evict(): void {
    const { volumes, usage } = this.#log.state;
    const over = Math.max(0, volumes.retained.size - maxRetained);
    const why = `more than ${maxRetained} were kept`;
    for (const [id, { snapshot }] of [...volumes.retained].slice(0, over)) {
      const bytes = usage.get(id)?.bytes ?? 0;
      this.#log.record([{ type: 'RetentionEnded', data: { id, key: snapshot.key, why } }]);
      this.#purge(id, why, bytes);
    }
  }

  #purge(id: number, why: string, bytes: number): void {
    this.#log.record([{ type: 'VolumePurged', data: { id, why, bytes } }]);
  }

  #observe(topic: '/images/create' | '/images/delete', { image, namespace }: Held): void {
    const at = this.#log.now();
    const { name, target } = image;
    const found = { target, layers: image.layers.map(({ chainId }) => chainId), created: at };
    const data = { topic, namespace, name, at, ...(topic === '/images/create' && { image: found }) };
    this.#log.observe({ type: 'ContainerdObserved', data });
  }

  #nameOf({ chainId }: ImageLayer, namespace: string): string {
    return this.#names.get(`${namespace}/${chainId}`) ?? '';
  }

  #key(namespace: string, key: string): string {
    this.#sequence += 1;
    return `${namespace}/${this.#sequence}/${key}`;
  }

  #hex(words: number): string {
    const word = () => this.#upTo(2 ** 32).toString(16);
    return Array.from({ length: words }, () => word().padStart(8, '0')).join('');
  }

  #upTo(most: number): number {
    return Math.floor(this.#random() * most);
  }

  #oneOf<T>(items: readonly T[]): T | undefined {
    return items[this.#upTo(items.length)];
  }
}
