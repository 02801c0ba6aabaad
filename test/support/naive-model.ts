import type { Command, RefusalCode } from '../../src/domain/commands.ts';

/** A snapshot as the naive model keeps it. */
export interface NaiveSnapshot {
  readonly key: string;
  readonly kind: 'active' | 'view' | 'committed';
  readonly parent: string;
  readonly labels: Readonly<Record<string, string>>;
}

export type NaiveStore = readonly NaiveSnapshot[];
export type NaiveOutcome = { readonly store: NaiveStore; readonly answer: 'ok' | RefusalCode };

const tooLong = (text: string) => new TextEncoder().encode(text).length > 4096;
const badKey = (key: string) => key === '' || key.includes('\0') || tooLong(key);
const badLabels = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).some(([name, value]) => tooLong(name + value));
const filled = (labels: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));

/** containerd's rules written down once more, as plainly as possible, over a list: what the real thing is held against. */
export function naively(store: NaiveStore, command: Command): NaiveOutcome {
  const refused = (answer: RefusalCode): NaiveOutcome => ({ store, answer });
  const at = (key: string) => store.find((snapshot) => snapshot.key === key);
  const target = at(command.key);
  if (badKey(command.key)) return refused('invalid-argument');
  if (command.type === 'Prepare') {
    if (badLabels(command.labels)) return refused('invalid-argument');
    const parent = at(command.parent);
    if (command.parent !== '' && parent === undefined) return refused('not-found');
    if (parent !== undefined && parent.kind !== 'committed') return refused('invalid-argument');
    if (target !== undefined) return refused('already-exists');
    const made = { key: command.key, kind: command.kind, parent: command.parent, labels: filled(command.labels) };
    return { store: [...store, made], answer: 'ok' };
  }
  if (command.type === 'Commit') {
    if (badKey(command.name) || badLabels(command.labels)) return refused('invalid-argument');
    if (target === undefined) return refused('not-found');
    if (at(command.name) !== undefined) return refused('already-exists');
    if (target.kind !== 'active') return refused('failed-precondition');
    let { parent } = target;
    if (command.parent !== '' && command.parent !== parent) {
      if (parent !== '') return refused('invalid-argument');
      const base = at(command.parent);
      if (base === undefined) return refused('not-found');
      if (base.kind !== 'committed') return refused('failed-precondition');
      parent = command.parent;
    }
    const done: NaiveSnapshot = { key: command.name, kind: 'committed', parent, labels: filled(command.labels) };
    return { store: [...store.filter((snapshot) => snapshot !== target), done], answer: 'ok' };
  }
  if (target === undefined) return refused('not-found');
  if (command.type === 'Remove') {
    if (store.some(({ parent }) => parent === command.key)) return refused('failed-precondition');
    return { store: store.filter((snapshot) => snapshot !== target), answer: 'ok' };
  }
  const labels = masked(target.labels, command.labels, command.mask);
  if (labels === undefined || badLabels(labels)) return refused('invalid-argument');
  return { store: store.map((snapshot) => (snapshot === target ? { ...target, labels } : snapshot)), answer: 'ok' };
}

function masked(
  before: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
  mask: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (mask.length === 0) return filled(wanted);
  let labels: Readonly<Record<string, string>> = before;
  for (const path of mask) {
    if (path === 'labels') labels = wanted;
    else if (path.startsWith('labels.')) labels = { ...labels, [path.slice(7)]: wanted[path.slice(7)] ?? '' };
    else return undefined;
  }
  return filled(labels);
}
