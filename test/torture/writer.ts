import { setImmediate as turn } from 'node:timers/promises';
import type { Mount } from '../../src/ports/volume-driver.ts';
import { CallFailure, type CallLimits, type SnapshotsClient } from '../support/snapshots-client.ts';
import { inventFiles, type KnownFile, writeFiles } from './content.ts';
import type { Change, Fact, Ledger } from './ledger.ts';
import type { Random } from './random.ts';

/** What a writer found that can't be: the daemon has answered wrongly. */
export class Contradiction extends Error {}

export interface WriterContext {
  /** begins all of its keys */
  readonly name: string;
  readonly client: SnapshotsClient;
  readonly random: Random;
  readonly ledger: Ledger;
  /** those of all writers, this one's included */
  readonly ledgers: readonly Ledger[];
  /** where what is written into an active with these mounts goes */
  readonly upper: (mounts: readonly Mount[]) => Promise<string>;
  /** how calls are cut short, if at all */
  readonly limits: () => CallLimits;
}

/** A snapshots client at work on its own keys, and on everybody's parents. */
export interface Writer {
  /** Calls acknowledged so far. */
  readonly acknowledged: number;
  /** Works until it is told to stop, or until nobody answers. Rejects with a Contradiction. */
  work(stopped: () => boolean): Promise<void>;
}

const keysPerWriter = 5;
/** The daemon is gone, was told to stop, or the call was cut short: its outcome is not known. */
const silence = new Set(['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED', 'UNKNOWN']);
/** The daemon says that the disk failed it; failpoints after the deed say so too. */
const disk = new Set(['INTERNAL', 'RESOURCE_EXHAUSTED']);

export function createWriter(context: WriterContext): Writer {
  const { name, client, random, ledger, ledgers } = context;
  const { facts } = ledger;
  let acknowledged = 0;
  let isCut = false;

  const token = () => `${name}-${random.whole(0, 2 ** 32 - 1)}`;
  const own = (word: string) =>
    Array.from({ length: keysPerWriter }, (_, n) => `${name} ${word}${n}`).filter((key) => !ledger.isUnsure(key));
  const ownOf = (kind: Fact['kind']) => [...facts].filter(([key, fact]) => fact.kind === kind && !ledger.isUnsure(key));
  const parents = () =>
    ledgers.flatMap((one) =>
      [...one.facts].filter(([key, { kind }]) => kind === 'committed' && !one.isUnsure(key)).map(([key]) => key),
    );

  /** Makes a call that changes something; answers whether it was acknowledged. */
  const change = async <T>(changed: Change, call: () => Promise<T>, refusals: readonly string[]) => {
    try {
      const answer = await call();
      ledger.settle(changed);
      acknowledged += 1;
      return { answer };
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      if (refusals.includes(error.code)) return undefined;
      if (!silence.has(error.code) && !disk.has(error.code)) throw new Contradiction(error.message);
      ledger.unknown.push(changed);
      isCut = error.code === 'UNAVAILABLE';
      return undefined;
    }
  };

  const prepare = async () => {
    const key = random.pickOf(own('a'));
    if (key === undefined) return;
    const parent = random.chance(0.3) ? '' : (random.pickOf(parents()) ?? '');
    const isView = random.chance(0.2);
    const labels = { token: token() };
    const fact: Fact = { kind: isView ? 'view' : 'active', parent, token: labels.token, files: [] };
    const there = facts.has(key);
    const made = await change(
      new Map([[key, there ? facts.get(key) : fact]]),
      () => client[isView ? 'view' : 'prepare'](key, { parent, labels, ...context.limits() }),
      there ? ['ALREADY_EXISTS', 'NOT_FOUND'] : ['NOT_FOUND'],
    );
    if (made === undefined) return;
    if (there) throw new Contradiction(`${key} was prepared twice`);
    if (isView) return;
    facts.set(key, { ...fact, files: await written(context.upper(made.answer), inventFiles(random, labels.token)) });
  };
  const commit = async () => {
    const [key, fact] = random.pickOf(ownOf('active')) ?? [];
    const into = random.pickOf(own('L').filter((one) => !facts.has(one)));
    if (key === undefined || fact === undefined || into === undefined) return;
    const labels = { token: token() };
    const done: Fact = { ...fact, kind: 'committed', token: labels.token };
    const changed = new Map([
      [key, undefined],
      [into, done],
    ]);
    await change(changed, () => client.commit(into, key, { labels, ...context.limits() }), []);
  };
  const remove = async () => {
    const [key] = random.pickOf([...facts].filter(([one]) => !ledger.isUnsure(one))) ?? [];
    if (key === undefined) return;
    await change(new Map([[key, undefined]]), () => client.remove(key, context.limits()), ['FAILED_PRECONDITION']);
  };
  const update = async () => {
    const [key, fact] = random.pickOf([...facts].filter(([one]) => !ledger.isUnsure(one))) ?? [];
    if (key === undefined || fact === undefined) return;
    const labels = { token: token() };
    const changed = new Map([[key, { ...fact, token: labels.token }]]);
    await change(changed, () => client.update(key, labels, context.limits()), []);
  };
  const look = async () => {
    const [key, fact] = random.pickOf([...facts].filter(([one]) => !ledger.isUnsure(one))) ?? [];
    if (key === undefined || fact === undefined) return;
    try {
      const { labels, parent } = await client.stat(key);
      if (labels.token !== fact.token || parent !== fact.parent)
        throw new Contradiction(
          `${key}: acknowledged ${fact.token} on ${fact.parent}, stat says ${labels.token} on ${parent}`,
        );
      if (fact.kind === 'active' && random.chance(0.5)) await client.mounts(key);
      if (random.chance(0.1)) expectWholeList(await client.list());
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error;
      if (!silence.has(error.code)) throw new Contradiction(error.message);
      isCut = error.code === 'UNAVAILABLE';
    }
  };
  const deeds = [prepare, prepare, prepare, commit, commit, remove, remove, update, look] as const;

  return {
    get acknowledged() {
      return acknowledged;
    },
    work: async (stopped) => {
      while (!stopped() && !isCut) {
        await random.pick(deeds)();
        await turn();
      }
    },
  };
}

/** The files, or undefined where the disk failed in the middle of them. */
async function written(layer: Promise<string>, files: readonly KnownFile[]): Promise<Fact['files']> {
  try {
    writeFiles(await layer, files);
    return files;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return undefined;
    throw new Contradiction(`prepared, but there is nothing to write into: ${error}`);
  }
}

/** containerd could never collect a snapshot whose parent is not listed. */
function expectWholeList(infos: readonly { readonly name: string; readonly parent: string }[]): void {
  const names = new Set(infos.map(({ name }) => name));
  for (const { name, parent } of infos)
    if (parent !== '' && !names.has(parent)) throw new Contradiction(`${name} is listed without its parent ${parent}`);
}
