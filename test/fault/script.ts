import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';

/** A snapshot as listed: `key kind parent labels`. */
export type Listed = readonly string[];

/** One call of a script, with the list after it and its answer when repeated. */
export interface Call {
  readonly name: string;
  run(client: SnapshotsClient): Promise<unknown>;
  after(before: Listed): Listed;
  readonly doneAlready: 'OK' | 'ALREADY_EXISTS' | 'NOT_FOUND';
}

const line = (key: string, kind: string, parent: string, labels = '') => `${key} ${kind} ${parent} ${labels}`;
const without = (list: Listed, key: string) => list.filter((one) => !one.startsWith(`${key} `));

const prepare = (key: string, parent: string, labels = {}): Call => ({
  name: `prepare ${key}`,
  run: (client) => client.prepare(key, { parent, labels }),
  after: (before) => [...before, line(key, 'active', parent)],
  doneAlready: 'ALREADY_EXISTS',
});

const view = (key: string, parent: string): Call => ({
  name: `view ${key}`,
  run: (client) => client.view(key, { parent }),
  after: (before) => [...before, line(key, 'view', parent)],
  doneAlready: 'ALREADY_EXISTS',
});

const commit = (key: string, name: string, parent: string, given = ''): Call => ({
  name: `commit ${key}`,
  run: (client) => client.commit(name, key, { parent: given }),
  after: (before) => [...without(before, key), line(name, 'committed', parent)],
  doneAlready: 'NOT_FOUND',
});

const remove = (key: string): Call => ({
  name: `remove ${key}`,
  run: (client) => client.remove(key),
  after: (before) => without(before, key),
  doneAlready: 'NOT_FOUND',
});

const update = (key: string, parent: string): Call => ({
  name: `update ${key}`,
  run: (client) => client.update(key, { colour: 'red' }),
  after: (before) => [...without(before, key), line(key, 'active', parent, 'colour=red')],
  doneAlready: 'OK',
});

/** Writes into the layer of a snapshot that was just prepared; depends on the driver. */
const write = (key: string, fill: (key: string) => Promise<void>): Call => ({
  name: `write ${key}`,
  run: () => fill(key),
  after: (before) => before,
  doneAlready: 'OK',
});

const cleanup: Call = {
  name: 'cleanup',
  run: (client) => client.cleanup(),
  after: (before) => before,
  doneAlready: 'OK',
};

/** The maximum of a snapshot: their event fills the smallest segment, and the next event starts a new one. */
const manyLabels = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`large-${n}`, 'x'.repeat(4000)]));

const refLabel = 'containerd.io/snapshot.ref';

/** Prepares a layer as containerd's unpacker does if it unpacks several at the same time. */
const unpack = (key: string): Call => prepare(key, '', { [refLabel]: key });

/** Every operation at least once: commits layers, one of them rebased, and removes everything else. */
export function fullScript(fill: (key: string) => Promise<void>): readonly Call[] {
  return [
    prepare('a', ''),
    write('a', fill),
    commit('a', 'A', ''),
    prepare('b', 'A'),
    write('b', fill),
    update('b', 'A'),
    view('v', 'A'),
    prepare('c', 'A', manyLabels),
    remove('v'),
    remove('c'),
    cleanup,
    commit('b', 'B', 'A'),
    prepare('d', 'B'),
    ...[unpack('r'), write('r', fill), unpack('s'), write('s', fill)],
    ...[commit('s', 'S', ''), commit('r', 'R', 'B', 'B')],
  ];
}

/** Prepares a layer as containerd's unpacker does. */
const adopt = (key: string, ref: string, name: string): Call => ({
  name: `adopt ${name}`,
  run: (client) =>
    client.prepare(key, { labels: { [refLabel]: ref } }).catch((error) => {
      if (!(error instanceof CallFailure) || error.code !== 'ALREADY_EXISTS') throw error;
    }),
  after: (before) => [...without(before, name), line(name, 'committed', '')],
  doneAlready: 'OK',
});

/** Commits a layer on two others, removes it, and prepares it again. */
export function retentionScript(fill: (key: string) => Promise<void>): readonly Call[] {
  return [
    ...[prepare('a', ''), write('a', fill), commit('a', 'A', '')],
    ...[prepare('b', ''), write('b', fill), commit('b', 'B', '')],
    ...[prepare('ns/1/x', ''), commit('ns/1/x', 'ns/2/R', ''), remove('ns/2/R'), adopt('ns/3/x', 'R', 'ns/2/R')],
  ];
}

/** Commits a layer on two others, removes it, and ends its retention. */
export function endingScript(fill: (key: string) => Promise<void>): readonly Call[] {
  return [...retentionScript(fill).slice(0, -1), prepare('d', 'B')];
}
