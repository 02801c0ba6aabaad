import * as either from 'fp-ts/lib/Either.js';
import type { Labels } from '../../events/codecs.ts';
import { type Answer, type Refusal, refuse } from './commands.ts';

/** containerd's limit for a label's key and value together, and ours for a snapshot's key or name, in bytes of UTF-8. */
const maxPairBytes = 4096;

/**
 * Our limit for all labels of a snapshot together, keys and values, in bytes of UTF-8. The largest event is then that of an
 * Update which replaces them all: twice as many bytes, each six characters of JSON at worst, fit into what a cluster takes
 * in one append (1 MiB). A message of gRPC (16 MiB) holds 100 such snapshots.
 */
const maxLabelBytes = 64 * 1024;

const encoder = new TextEncoder();

/**
 * The refusal for the first label that is too long, in containerd's words, or for labels that are too many for one snapshot.
 * `before`, those that the snapshot has already, may be more than the limit (in a store of an earlier release): what does not
 * add to them is let through.
 */
export function checkLabels(labels: Labels, before: Labels = {}): Refusal | undefined {
  for (const [key, value] of Object.entries(labels)) {
    if (fits(key, value)) continue;
    const shown = Array.from(key).slice(0, 10).join('');
    return refused(`label key and value greater than maximum size (${maxPairBytes} bytes), key: ${shown}`);
  }
  const together = bytesOf(labels);
  if (together <= maxLabelBytes || together <= bytesOf(before)) return undefined;
  return refused(`labels: ${together} bytes, all labels of a snapshot may have ${maxLabelBytes} bytes together`);
}

/** The refusal for a key or name (`what` says which) that is empty, too long, or holds a NUL. */
export function checkKey(key: string, what: string): Refusal | undefined {
  if (key === '') return refused(`${what}: must not be empty`);
  if (!fits(key, '')) return refused(`${what}: longer than ${maxPairBytes} bytes`);
  if (key.includes('\0')) return refused(`${what}: must not contain a NUL character`);
  return undefined;
}

/** Labels without those of empty value: for containerd an empty value is no label. */
export function withoutEmpty(labels: Labels): Labels {
  const entries = Object.entries(labels);
  const full = entries.filter(([, value]) => value !== '');
  return full.length === entries.length ? labels : Object.fromEntries(full);
}

/**
 * The labels after an update. Without a mask all are replaced; `labels` in the mask does the same, and `labels.NAME`
 * sets one label, or deletes it if the update has none or an empty one of that name. Paths are applied in order.
 * Any other path is refused. The name is all that follows the first dot, dots and slashes included.
 */
export function applyMask(labels: Labels, update: Labels, mask: readonly string[]): Answer<Labels> {
  if (mask.length === 0) return either.right(withoutEmpty(update));
  let after = new Map(Object.entries(labels));
  for (const path of mask) {
    if (path === 'labels') after = new Map(Object.entries(update));
    else if (path.startsWith(one)) setOrDelete(after, update, path.slice(one.length));
    else return refuse('invalid-argument', `field ${JSON.stringify(path)}: cannot be updated, only labels can`);
  }
  return either.right(withoutEmpty(Object.fromEntries(after)));
}

const one = 'labels.';

function setOrDelete(labels: Map<string, string>, update: Labels, name: string): void {
  const value = Object.hasOwn(update, name) ? update[name] : undefined;
  if (value === undefined || value === '') labels.delete(name);
  else labels.set(name, value);
}

/** The labels that differ, in both states; an empty value means none of that name. */
export function changesOf(before: Labels, after: Labels): { readonly before: Labels; readonly after: Labels } {
  const valueIn = (labels: Labels, name: string) => (Object.hasOwn(labels, name) ? (labels[name] ?? '') : '');
  const names = new Set([...Object.keys(after), ...Object.keys(before)]);
  const changed = [...names].filter((name) => valueIn(before, name) !== valueIn(after, name));
  const only = (labels: Labels) => Object.fromEntries(changed.map((name) => [name, valueIn(labels, name)]));
  return { before: only(before), after: only(after) };
}

function bytesOf(labels: Labels): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(labels)) bytes += encoder.encode(key).length + encoder.encode(value).length;
  return bytes;
}

/** A UTF-16 unit takes three bytes of UTF-8 at most: short texts need no encoding to be measured. */
function fits(key: string, value: string): boolean {
  if ((key.length + value.length) * 3 <= maxPairBytes) return true;
  if (key.length + value.length > maxPairBytes) return false;
  return encoder.encode(key).length + encoder.encode(value).length <= maxPairBytes;
}

const refused = (text: string): Refusal => ({ code: 'invalid-argument', text });
